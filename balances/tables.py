"""Columns of lists of automatic runs."""

from clinicpay.ui.tables import Empty, ListTable, column


class RunTable(ListTable):
    """Automatic runs, newest first."""

    number = column("Run", order_by="number", css="mono")
    started = column("When", order_by="started_at")
    source = column("Made by", order_by=None)
    state = column("State", order_by=None)
    applied = column("Applied", order_by="allocated", css="text-end")
    accounts = column("Accounts", order_by=None, css="text-end desk-only")

    row_template = "balances/run_rows.html"
    noun = "runs"
    two_lines = True
    empty = Empty("No runs yet", "A preview shows what would be applied, and why; no money moves.", icon="sparkles")


class DecisionTable(ListTable):
    """What a run decided, in its own order."""

    payment = column("Payment", order_by=None, css="mono")
    invoice = column("Invoice", order_by=None, css="mono")
    amount = column("Amount", order_by=None, css="text-end")
    reason = column("Why", order_by=None)

    row_template = "balances/decision_rows.html"
    noun = "decisions"
    two_lines = True
    prints_whole = True
    empty = Empty("Nothing to decide", "No account has money in hand.", icon="circle-check")
