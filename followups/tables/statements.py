"""Columns of batches of statements."""

from typing import Any

from clinicpay.ui.tables import Empty, ListTable, column


class BatchTable(ListTable):
    """Who of a filtered queue gets what."""

    account = column("Account", order_by=None)
    owes = column("Due", order_by=None, css="text-end")
    to = column("Goes to", order_by=None)
    last = column("Last statement", order_by=None)

    row_template = "followups/statement_batch_rows.html"
    noun = "accounts"
    two_lines = True
    empty = Empty("Nobody on this list owes anything", "Who has open invoices gets a statement.", icon="circle-check")


class RunLineTable(ListTable):
    """What became of each account of a batch."""

    account = column("Account", order_by=None)
    statement = column("Statement", order_by=None, css="mono")
    amount = column("Due", order_by=None, css="text-end")
    to = column("Went to", order_by=None)
    state = column("Became", order_by=None)

    row_template = "followups/statement_run_rows.html"
    noun = "accounts"
    two_lines = True
    empty = Empty("Nothing here yet")

    @property
    def drawn(self) -> list[dict[str, Any]]:
        """The lines with what became of them: what the mail server refused was not sent."""
        return [{"line": line, **_became(line)} for line in self.shown.rows]


def _became(line: Any) -> dict[str, str]:
    if line.mail == "failed":
        return {"state": "failed", "label": "Not sent", "why": line.fault}
    if line.mail == "queued" and line.state == "sent":
        return {"state": "queued", "label": "On its way", "why": line.fault}
    tones = {"sent": "sent", "printed": "done", "left_out": "failed"}
    return {"state": tones.get(line.state, "waiting"), "label": line.get_state_display(), "why": line.reason}
