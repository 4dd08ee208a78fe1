"""A page asks the database as often for 50 rows as for one, and seldom (E15)."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from balances.models import Charge
from balances.services import run_auto_apply
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from followups.schedule import Terms
from followups.services import approve_write_off, bill_next, request_write_off, start_plan
from followups.states import Frequency
from payments.models import Payment
from payments.services import GoingBack, request_refund
from payments.states import RefundReason
from tests.access.samples import IN_CLINIC, right, takes_rows, who_of
from tests.balances.packages import a_package
from tests.deposits.slips import paid, printed
from tests.exports.scene import long_closed
from tests.factories import Clinicful, a_charge, a_patient, a_receipt, an_invoice, make_clinic

ALWAYS = 4
"""The session, the user, their memberships, and what waits in the menu; the clinic's pin is no query of Django's.
A page that shows patients' data also leaves one line in the trail."""

MANY = 50

MOST = {
    "home": 9,  # approvals of two kinds, collected, owed, days that are open, and what nobody has looked after
    "overview_ages": 6,
    "billing_work": 5,
    "finance": 0,
    "find": 6,
    "today": 22,  # its rows and where they stand, tasks, and what it says of cards, nights, pre-payments, write-offs
    "event_review": 8,  # where its treatment stands: reviews, balance, evidence, who owes, what was agreed
    "patients": 6,
    "patient_new": 6,
    "patient_edit": 6,
    "payers": 6,
    "office_charge": 6,
    "patient_lookup": 6,
    "benefits": 6,
    "benefits_new": 6,
    "benefits_read": 6,
    "payment_new": 6,
    "payment_context": 6,
    "attention": 9,  # how many each group has, the places, and the steps of its treatments
    "treatments": 6,
    "treatment_new": 6,
    "packages": 6,
    "package_new": 6,
    "package_visit": 6,
    "package": 9,
    "treatment_exception": 6,
    "clinical_record": 6,
    "procedures_add": 6,
    "payments": 4,
    "payments_csv": 6,
    "payments_xlsx": 6,
    "patient_receipts": 6,
    "treatment": 27,  # every record that touched its money, its steps, evidence, documents and notes, on one page
    "payment": 16,  # its money, treatment, patient, documents, notes, and what happened to it, on one page
    "payment_status": 6,
    "payment_documents": 6,
    "payment_notes": 6,
    "treatment_documents": 6,
    "treatment_notes": 6,
    "account_notes": 6,
    "link_send": 6,
    "gateway_tasks": 6,
    "settings_gateway": 6,
    "payment_allocate": 7,  # its money, whose charges, what they owe, and what each has had of it
    "transactions": 6,
    "account_lookup": 6,
    "account_transactions": 7,  # two lists
    "invoice": 6,
    "invoice_credit": 6,
    "invoice_void": 7,
    "invoice_void_follow_up": 13,  # what it would undo, of whom, and how each treatment was reviewed
    "treatment_bill": 9,  # what is billed, and what isn't, with why
    "treatment_not_billed": 9,
    "treatment_bill_follow_up": 13,
    "receipt": 7,
    "receipt_send": 6,
    "payment_receipt_pdf": 6,
    "payment_reverse": 6,
    "payment_refund": 6,
    "payment_return": 6,
    "pre_payments": 6,
    "pre_payments_csv": 6,
    "payment_hold": 6,
    "settings_own_fields": 6,
    "treatment_own_fields": 6,
    "refunds": 6,
    "exports": 6,
    "export_new": 6,
    "export": 6,
    "export_history": 6,
    "settings_codes": 6,
    "refund": 6,
    "refund_history": 6,
    "refund_follow_up": 11,  # what it would undo, and of whom
    "follow_ups": 5,
    "follow_ups_csv": 9,
    "follow_ups_xlsx": 9,
    "ageing": 9,
    "ageing_csv": 6,
    "ageing_xlsx": 6,
    "follow_up_totals": 6,
    "follow_up_review": 9,
    "follow_up_review_csv": 9,
    "follow_up_review_xlsx": 9,
    "follow_up": 20,
    "statement_new": 14,  # the account's whole story, and how it can be paid
    "account_statements": 6,
    "statement_batch": 6,
    "attempt_log": 6,
    "callback_plan": 6,
    "tasks": 6,
    "calendar": 6,
    "calendar_feed": 6,
    "settings_promises": 6,
    "write_off_new": 10,  # what is owed, what is on plans, what is in hand
    "write_offs": 6,
    "write_offs_csv": 6,
    "write_offs_xlsx": 6,
    "write_off": 18,  # beside it all that a decision needs
    "write_off_decline": 6,
    "write_off_reverse": 6,
    "write_off_history": 6,
    "write_off_report": 7,
    "write_off_report_csv": 6,
    "write_off_report_xlsx": 6,
    "invoice_recover": 6,
    "settings_delegations": 6,
    "plans": 9,  # its rows, where their money is, and the figures above
    "plans_csv": 6,
    "plans_xlsx": 6,
    "plan_new": 8,
    "plan": 8,
    "plan_bill": 8,
    "plan_cancel": 8,
    "plan_history": 6,
    "deposits_overview": 9,  # the list, its totals, its trend and the names of places
    "deposits_csv": 6,
    "deposits_xlsx": 6,
    "close_days": 6,  # what waits, what was closed and by whom, the gaps and the money of all of them
    "close_proof": 6,
    "settings_day": 6,
    "slips_csv": 6,
    "slips_xlsx": 6,
    "slip_csv": 6,
    "slips": 10,  # what waits, by payments and refunds, at which locations, and the list
    "slip_new": 12,  # where, the draft, what waits there and since when, and places to choose from
    "slip": 6,
    "slip_paper": 6,
    "slip_void": 6,
    "slip_history": 6,
    "package_history": 6,
    "settings_refunds": 6,
    "settings_checks": 6,
    "pay_for_patient": 7,  # of whom closes days: the earlier ones that are open
    "pay_for_treatment": 7,
    "settings_team": 6,
    "settings_clinic": 6,
    "settings_sign_in": 6,
    "settings_prices": 6,
    "settings_locations": 6,
    "settings_practitioners": 6,
    "settings_import": 6,
    "view_save": 6,
    "trail": 6,
    "trail_csv": 6,
    "trail_proof": 6,
    "settings_history": 6,
    "patient_history": 6,
    "account_history": 6,
    "treatment_history": 6,
    "payment_history": 6,
    "receipt_history": 6,
    "invoice_history": 8,  # its charges, their entries, and each entry's act, credit and payment
    "patient": 16,  # eleven parts on one page
    "deposits": 6,  # once it is asked for: tests/deposits/test_size.py
    "deposit_parties": 6,
    "auto_apply": 6,
    "auto_apply_run": 6,
    "allocation_rules": 6,
    "nights": 6,
    "ledger_proof": 86,  # each figure both ways, with a limit of its own, and a query for every total of the rows
}
"""What each page may ask beyond that; a new page must be added."""

NOT_PAGES = {
    "statement",  # of one row, as the next two
    "statement_send",
    "statement_run",
    "statement_document",  # takes seconds to print, as the next two
    "statement_run_pdf",
    "statement_run_zip",
    "statement_run_progress",  # of one row
    "statement_run_stop",  # an act
    "statement_run_again",  # an act
    "benefits_withdraw",  # of one row
    "payment_edit",  # of one row that is not paid yet
    "notice_dismiss",  # an act
    "part_keep",  # an act
    "settings_practitioner",  # of one row, as the next two
    "settings_location",
    "settings_price",
    "settings_practitioner_active",  # an act
    "settings_member",  # of one row
    "member_remove",  # an act, as the next four
    "member_second_step",
    "member_sign_out",
    "member_practitioner",
    "invitation_withdraw",
    "settings_location_active",  # an act
    "settings_price_active",  # an act
    "view_edit",  # of one's own view
    "view_remove",  # an act
    "treatment_complete",  # an act
    "event_flag",  # an act
    "event_confirm",  # an act
    "treatment_start",  # an act
    "treatment_cancel",  # a question about one row
    "payer_remove",  # an act
    "account_edit",  # of one account that is no patient's own, as the next: the first one is
    "pay_for_account",
    "package_cancel",  # a question about one package
    "allocation_undo",  # of one row, as the next two
    "credit_reverse",
    "credit_reverse_follow_up",
    "hold_change",  # of one row, as the next
    "hold_release",
    "refund_approve",  # of one row, as the next four
    "refund_reject",
    "refund_pay",
    "refund_fail",
    "refund_reverse",
    "close_day",  # tests/close/test_size.py counts it, and the next
    "close_points",
    "close_compare",  # of two versions
    "close_reopen",  # of one day, as the next
    "day_history",
    "close_review",  # an act, as the next
    "close_act",
    "close_count",  # of one day, as the next, which takes seconds to print
    "close_sheet",
    "close_paper",  # of one version
    "slip_draft",  # tests/deposits counts it
    "slip_print",  # an act, as the next
    "slip_discard",
    "slip_pdf",  # asks what the slip's page asks, and takes seconds to print
    "refund_note",  # takes seconds to print
    "plan_agreement",  # asks what the plan's page asks, and takes seconds to print
    "link_make",  # an act
    "link_revoke",  # an act
    "gateway_task_book",  # of one row, as the next
    "gateway_task_return",
    "gateway_task_decide",  # an act
    "callback_cancel",  # an act
    "promise_pay",  # of one promise, as the next
    "promise_cancel",
    "case_close",  # a question about one account
    "callback_ics",  # of one callback that is planned
    "callback_take",  # an act
    "promise_unpaid",  # an act
    "case_worker",  # an act
    "write_off_approve",  # an act
    "delegation_withdraw",  # an act
    "deposit_apply",  # an act
    "deposits_apply_all",  # an act
    "deposit_undo",  # of one row
    "deposit_run",  # of one run, as the next: tests/deposits/test_size.py
    "deposit_run_progress",
    "deposit_run_stop",  # an act
    "deposit_run_again",  # an act
    "auto_apply_preview",  # an act
    "auto_apply_undo",  # a question about one row
    "auto_apply_progress",  # of one row
    "auto_apply_stop",  # an act
    "auto_apply_again",  # an act
    "night_run_now",  # an act
    "import_template",  # a file that is the same for everybody
    "document_file",  # one file
    "export_file",  # one file
    "document_remove",  # of one row
    "receipt_pdf",  # asks what the receipt's page asks, and takes seconds to print
}


def _fill(home: Clinicful, size: int) -> None:
    """Every row that a page could repeat, `size` times: people, visits of today, receipts, lines of a receipt."""
    first = a_patient(home)
    a_receipt(home, first.account, 60, patient=first)
    printed(home, *[paid(home, 700).ref for _ in range(size)])
    charges = []
    terms = _a_long_plan(home, first.account, [a_charge(home, first, 300) for _ in range(size)])
    for _ in range(size):
        a_patient(home, "Víctor", "Reyes", account=first.account)
        invoice = an_invoice(home, first, 5000, service_at=timezone.now())
        charges += invoice.charges.select_related("invoice")
        a_receipt(home, first.account, 3000, (charges[-1], 1000), patient=first, event=invoice.event)
        start_plan(first.account, [a_charge(home, first, 300)], terms, by=home.itself)
        request_refund(Payment.objects.get(number=1), GoingBack(1, RefundReason.OTHER), by=home.itself)
        a_package(home, first, 100_00, size + 1, code="")
    long_closed(home, size)
    run_auto_apply(by=home.itself)
    _give_up(home, size)
    a_receipt(home, first.account, 100 * size, *[(charge, 100) for charge in charges], patient=first)


def _give_up(home: Clinicful, size: int) -> None:
    """A write-off that waits, of as many invoices, and as many small ones that are through."""
    owing = a_patient(home, "Dora", "Walker")
    chosen = [an_invoice(home, owing, 700) for _ in range(size)]
    request_write_off(owing.account, chosen, by=home.itself, reason="gone away")
    for _ in range(size):
        small = [an_invoice(home, owing, 100)]
        approve_write_off(request_write_off(owing.account, small, by=home.itself, reason="small"), by=home.itself)


def _a_long_plan(home: Clinicful, account: Account, charges: list[Charge]) -> Terms:
    """A plan over all of these, with as many instalments, of which half are billed."""
    terms = Terms(300, Frequency.WEEKLY, clock.today(home.clinic))
    plan = start_plan(account, charges, terms, by=home.itself)
    if half := len(charges) // 2:
        bill_next(plan, half, by=home.itself, first=1)
    return terms


@pytest.fixture(scope="module")
def clinics(worlds, django_db_blocker) -> dict[int, Clinicful]:
    """A committed clinic with one of everything, and one with fifty."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block
        made = {}
        for size in (1, MANY):
            made[size] = home = make_clinic(f"rows-{size}")
            with clinic_scope(home.clinic):
                _fill(home, size)
        return made


def queries_of(client, place: str) -> list[str]:
    """What a page asks, without the savepoints that a test's transaction adds."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(place).status_code in {200, 302}
    return [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]


def test_every_page_is_counted():
    assert {one.name for one in IN_CLINIC} - NOT_PAGES == set(MOST)


ASKED = [
    pytest.param(one, who, id=f"{one.name}-{who}")
    for one in IN_CLINIC
    if one.name in MOST
    for who in sorted({"olga", "petra"} & who_of(right(one.view, "get")))
]


@pytest.mark.django_db
@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(("one", "who"), ASKED)
def test_page_asks_as_often_for_many_rows(client, clinics, one, who):
    asked = {}
    for size, home in clinics.items():
        client.force_login(getattr(home, who).user)
        number = {"number": 1} if takes_rows(one) else {}
        number = {"section": "team"} if "section" in one.route else number
        number = {"party": "any"} if "party" in one.route else number
        asked[size] = queries_of(client, f"{address(home.clinic, one.name, **number)}?per_page=100")

    if one.name == "trail":  # it looks up the kinds of record on its page: of many lines the newest alone are there
        assert len(asked[MANY]) <= len(asked[1]), _difference(asked)
    else:
        assert len(asked[MANY]) == len(asked[1]), _difference(asked)
    assert len(asked[1]) <= ALWAYS + bool(one.view.shows) + MOST[one.name], "\n".join(asked[1])


def _difference(asked: dict[int, list[str]]) -> str:
    """The statements that many rows add, by their beginnings."""
    few, many = (Counter(sql.split(" WHERE ")[0] for sql in asked[size]) for size in (1, MANY))
    return "\n".join(many - few)
