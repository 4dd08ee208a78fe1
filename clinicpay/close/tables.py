"""Columns of the lists of the daily close."""

from functools import cached_property
from typing import Any

from clinicpay.close.gaps import Gap, Listed
from clinicpay.close.queries.listing import DayRow, with_figures
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.tables import Empty, ListTable, column


class DayTable(ListTable):
    """Business dates by location; what waits comes first, in the order in which it closes."""

    request: ClinicRequest

    day = column("Day", order_by="day")
    location = column("Location", order_by=None)
    state = column("State", order_by=None)
    gaps = column("Open points", order_by=None, css="text-end")
    came = column("Came in", order_by=None, css="text-end desk-only on-paper")
    went = column("Went out", order_by=None, css="text-end desk-only on-paper")
    number = column("Close", order_by=None, css="mono")
    closed = column("Closed", order_by=None, css="wide-only")

    row_template = "close/day_rows.html"
    noun = "days"
    two_lines = True
    empty = Empty("No day to close yet", "A day is listed here as soon as something happens on it.", icon="lock")

    @cached_property
    def drawn(self) -> list[DayRow]:
        """The days of this page with their figures."""
        return with_figures(self.shown.rows, self.request.member.clinic)


class GapTable(ListTable):
    """The treatments, payments or acts behind one check of a day."""

    listed: Listed

    ref = column("Number", order_by=None, css="mono")
    whose = column("Who", order_by=None)
    what = column("What", order_by=None)
    amount = column("Amount", order_by=None, css="text-end")
    act = column("Action", order_by=None, hidden_label=True)

    row_template = "close/gap_rows.html"
    noun = "rows"
    two_lines = True
    empty = Empty("Nothing is open here", "This check of the day lists nothing any more.", icon="circle-check")

    @classmethod
    def over(cls, request: Any, listed: Listed) -> "GapTable":
        """The table of what a check lists."""
        table = cls.of(request, listed.rows)
        table.listed = listed
        return table

    @cached_property
    def drawn(self) -> list[Gap]:
        """The rows of this page."""
        return self.listed.drawn(self.shown.rows)
