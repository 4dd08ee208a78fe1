"""Columns of the list of exports."""

from clinicpay.ui.tables import Empty, ListTable, column


class ExportTable(ListTable):
    """Every export that was made, the newest first."""

    number = column("Export", order_by="number", css="mono")
    what = column("What", order_by=None)
    days = column("Days", order_by="starts")
    rows = column("Rows", order_by=None, css="text-end")
    debit = column("Debit = credit", order_by=None, css="text-end desk-only")
    kind = column("File", order_by=None)
    made = column("Made", order_by="made_at")
    by = column("By", order_by=None)

    row_template = "exports/export_rows.html"
    noun = "exports"
    two_lines = True
    prints_whole = True
    empty = Empty(
        "Nothing was exported yet",
        "Closed days leave for your bookkeeping from here, and every file that left stays here as it was.",
        icon="download",
    )

    class Meta:
        order_by = "-number"
