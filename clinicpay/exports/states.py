"""What of a closed day can be exported, as which file, and the ledger accounts of the journal."""

from django.db.models import TextChoices


class What(TextChoices):
    """What an export holds of each day."""

    JOURNAL = "journal", "Journal"
    LINES = "lines", "Journal, line by line"
    SHEET = "sheet", "Day sheet"
    EVENTS = "events", "Treatments"


class FileKind(TextChoices):
    """The kind of file."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"


class LedgerAccount(TextChoices):
    """The accounts of `balances_journal`, by the names that the view gives them."""

    RECEIVABLE = "accounts receivable", "Accounts receivable"
    PLAN_RECEIVABLE = "plan receivable", "Payment plans, not billed yet"
    TENDER = "tender", "Money received"
    UNAPPLIED = "unapplied payments", "Unapplied payments"
    DEPOSITS = "deposits held", "Deposits held"
    PRE_PAYMENTS = "pre-payments held", "Pre-payments held"
    REFUNDS = "refunds payable", "Refunds payable"
    REVENUE = "revenue", "Revenue"
    WRITE_OFFS = "write-off expense", "Write-offs"


JOURNALS = frozenset({What.JOURNAL, What.LINES})
"""What has two sides that must be equal."""

ONLY_CHANGES = frozenset({What.JOURNAL, What.LINES, What.SHEET})
"""What of a day that was closed again can leave as the difference to the version that left before."""

MEANS: dict[str, str] = {
    What.JOURNAL: "Debit and credit of each day, location, ledger account and tender, with your account codes.",
    What.LINES: "The same, every act by itself, with the numbers of payments and invoices.",
    What.SHEET: "What came in and went out by each tender, and how many acts of each kind there were.",
    What.EVENTS: "Each treatment with its state, what was charged, paid and is left, its review and its evidence.",
}
"""What each kind says of itself on the page."""
