"""What the trail calls the pages that somebody looked at or asked for: one table, by the names of their addresses."""

LISTS = {
    "home": "the start page",
    "today": "today’s treatments and tasks",
    "attention": "what needs attention",
    "tasks": "callbacks and broken promises",
    "calendar": "the calendar of callbacks",
    "statement_batch": "accounts to send statements to",
    "statement_run": "a batch of statements",
    "statement_run_pdf": "a batch of statements to print",
    "statement_run_zip": "a batch of statements",
    "trail": "the trail",
    "trail_csv": "the trail as CSV",
    "write_offs": "the list of write-offs",
    "write_offs_csv": "the list of write-offs as CSV",
    "write_offs_xlsx": "the list of write-offs for Excel",
    "write_off_report": "the report of write-offs",
    "write_off_report_csv": "the report of write-offs as CSV",
    "write_off_report_xlsx": "the report of write-offs for Excel",
    "payments_csv": "the list of payments as CSV",
    "pre_payments": "the list of pre-payments",
    "pre_payments_csv": "the list of pre-payments for a spreadsheet",
    "deposits_overview": "deposits at a glance",
    "deposits_csv": "the list of deposits as CSV",
    "deposits_xlsx": "the list of deposits for Excel",
    "close_day": "a day to close",
    "close_act": "a day to close",
    "close_points": "the open points of a day",
    "close_sheet": "a day sheet",
    "close_compare": "two versions of a day",
    "slip_new": "what waits for the bank",
    "slip_draft": "a draft for the bank",
    "slip": "a bank slip",
    "slip_pdf": "a bank slip on paper",
    "slip_csv": "a bank slip as CSV",
    "slip_void": "a bank slip",
    "payments_xlsx": "the list of payments for Excel",
    "treatment_new": "the patients to add a treatment for",
    "package_new": "the patients to agree on a package with",
    "payment_new": "the form of a new payment",
    "patient_lookup": "patients whose names begin so",
    "transactions": "accounts with money to allocate",
    "account_lookup": "accounts whose names begin so",
    "deposit_parties": "accounts with deposits whose names begin so",
    "deposit_run": "what an Apply All did",
    "auto_apply_run": "what an automatic run did",
    "auto_apply_undo": "what is in the way of undoing a run",
    "gateway_tasks": "card payments to decide",
    "nights": "the nights",
    "follow_ups": "the list of follow-ups",
    "follow_ups_csv": "the list of follow-ups as CSV",
    "follow_ups_xlsx": "the list of follow-ups for Excel",
    "ageing": "the report of ageing",
    "ageing_csv": "the report of ageing as CSV",
    "ageing_xlsx": "the report of ageing for Excel",
    "plans": "the list of payment plans",
    "plans_csv": "the list of payment plans as CSV",
    "plans_xlsx": "the list of payment plans for Excel",
}
"""What a page of rows is called where its name alone would not say it."""

SETTINGS = "settings_"


def page(name: str) -> str:
    """A page of rows, in words."""
    return LISTS.get(name) or f"the list of {name.replace('_', ' ')}"


def asked_for(address: str) -> str:
    """What somebody tried to open: the name of an address, and the number of the record in it."""
    name, _, number = address.partition(" ")
    known = LISTS.get(name, name)
    page = f"the settings of {name.removeprefix(SETTINGS)}" if name.startswith(SETTINGS) else known
    words = page.replace("_", " ")
    return f"the page “{words}” of {number}" if number else words


def counted(rows: int) -> str:
    """ "1 row", "15 rows"."""
    return "1 row" if rows == 1 else f"{rows} rows"
