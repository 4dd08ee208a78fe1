"""The automatic acts of the random walk: runs, nights, previews, and undoing them."""

from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from balances.models import AutoApplyRun, Charge, Credit
from balances.queries import live_allocations
from balances.services import apply_preview, preview_run, run_auto_apply, undo_run
from balances.states import RunState, Source
from tests.balances.walk_model import refused_unless, row
from tests.content import totals
from tests.factories import Clinicful

SOURCES = st.sampled_from([Source.AUTO, Source.NIGHTLY])


class Automatic(RuleBasedStateMachine):
    """`never` are pre-payments that fit no charge of the walk: no run may touch them."""

    home: Clinicful

    def __init__(self) -> None:
        super().__init__()
        self.never: set[int] = set()
        self.applied: dict[int, set[int]] = {}

    @rule(source=SOURCES)
    def run(self, source):
        self._noted(lambda: run_auto_apply(by=self.home.bill, source=source))
        again = run_auto_apply(by=self.home.bill, source=source)
        assert (again.allocated, again.decisions.filter(charge__isnull=False).count()) == (0, 0)  # B13
        if source == Source.NIGHTLY:
            assert not again.decisions.exists()

    @rule()
    def preview_and_apply(self):
        before = totals()
        shown = preview_run(by=self.home.bill)
        wanted = shown.decisions.filter(charge__isnull=False).aggregate(sum=Sum("amount"))["sum"] or 0
        assert totals() == before
        assert self._noted(lambda: apply_preview(shown, by=self.home.bill)).allocated == wanted

    @rule(source=SOURCES)
    def run_and_undo(self, source):
        """I12: as before it, to the cent, wherever the walk is."""
        before = totals()
        run = run_auto_apply(by=self.home.bill, source=source)
        undo_run(run, by=self.home.bill, reason="walk")
        assert totals() == before

    @rule(n=st.integers(0, 99))
    def undo_a_run(self, n):
        """Any earlier run, while nothing of it was undone since."""
        if run := row(AutoApplyRun.objects.filter(pk__in=self.applied).order_by("pk"), n):
            live = set(live_allocations().values_list("pk", flat=True))
            with refused_unless(run.state == RunState.APPLIED and self.applied[run.pk] <= live):
                undo_run(run, by=self.home.bill, reason="walk")

    def _noted(self, act):
        """A run, which takes as much of the money as of the debt, and nothing that is held for something else (B14)."""
        free, owed, kept = self._free(), self._owed(), self._kept()
        before = set(live_allocations().values_list("pk", flat=True))
        run = act()
        assert free - self._free() == owed - self._owed() == run.allocated
        assert self._kept() == kept
        self.applied[run.pk] = set(live_allocations().values_list("pk", flat=True)) - before
        return run

    def _free(self):
        return Credit.objects.aggregate(sum=Sum("available"))["sum"] or 0

    def _owed(self):
        return Charge.objects.aggregate(sum=Sum("outstanding"))["sum"] or 0

    def _kept(self):
        return list(Credit.objects.filter(pk__in=self.never).order_by("pk").values_list("pk", "available"))
