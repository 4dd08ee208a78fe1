"""`manage.py auto_apply --clinic SLUG`: apply free money to the oldest debt, or show what would be applied."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from balances.auto_apply import Decided, Skipped
from balances.models import Charge, Credit, Decision
from balances.queries import clinic_totals
from balances.services import accounts_with_money, plan_auto_apply, run_auto_apply
from balances.states import CreditKind
from clinicpay import money
from clinicpay.clinics.commands import ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import ClinicPayItself


class Command(ClinicCommand):
    """The same engine as the page and the night."""

    help = "Apply money in hand to its accounts’ oldest open invoices, and pre-payments to what they are held for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", required=True)
        parser.add_argument("--dry-run", action="store_true", help="write nothing; show how it would end")

    def handle(self, *, clinic: str, **options: Any) -> None:
        """Run or preview, and tell every decision and skip with its reason."""
        with long_scope(clinic_id(clinic)) as found:
            report = _preview(found) if options["dry_run"] else _run(found)
        self.answer(report, _words(report), as_json=options["json"])


@dataclass(frozen=True)
class Line:
    """A credit that is used on a charge, or left (no charge), and why."""

    credit_id: int
    charge_id: int | None
    amount: int
    reason: str


def _run(clinic: Clinic) -> dict[str, Any]:
    run = run_auto_apply(by=ClinicPayItself(clinic, "Auto-apply command"))
    decisions = Decision.objects.filter(run=run).select_related("credit").order_by("pk")
    lines = [
        Line(one.credit_id, one.charge_id, one.amount if one.charge_id else one.credit.available, one.reason)
        for one in decisions
    ]
    return _report(clinic, run.ref, lines, applied_already=True)


def _preview(clinic: Clinic) -> dict[str, Any]:
    lines = [_line(one) for part in plan_auto_apply(accounts_with_money()) for one in part]
    return _report(clinic, None, lines, applied_already=False)


def _line(one: Decided | Skipped) -> Line:
    return Line(one.credit_id, getattr(one, "charge_id", None), one.amount, one.reason)


def _report(clinic: Clinic, run: str | None, lines: Sequence[Line], *, applied_already: bool) -> dict[str, Any]:
    """A preview tells the totals as they would be, so that it reads like the run that follows it."""
    credits = Credit.objects.select_related("payment").in_bulk({line.credit_id for line in lines})
    charges = Charge.objects.select_related("invoice").in_bulk({line.charge_id for line in lines if line.charge_id})
    used = [line for line in lines if line.charge_id]
    allocated = sum(line.amount for line in used)
    unapplied = sum(line.amount for line in used if credits[line.credit_id].kind == CreditKind.UNAPPLIED)
    totals = clinic_totals()
    if not applied_already:
        totals["outstanding"] -= allocated
        totals["unapplied"] -= unapplied

    def shown(line: Line) -> dict[str, str]:
        told = {"credit": str(credits[line.credit_id].payment)}
        if line.charge_id:
            charge = charges[line.charge_id]
            told["charge"] = f"{charge.invoice}/{charge.line}"
        return told | {"amount": money.plain(line.amount, clinic.currency), "reason": line.reason}

    return {
        "run": run,
        "decisions": [shown(line) for line in used],
        "skips": [shown(line) for line in lines if not line.charge_id],
        "allocated": money.plain(allocated, clinic.currency),
        "outstanding": money.plain(totals["outstanding"], clinic.currency),
        "unapplied": money.plain(totals["unapplied"], clinic.currency),
    }


def _words(report: dict[str, Any]) -> str:
    return "\n".join(
        [
            *(f"{one['amount']} of {one['credit']} to {one['charge']}: {one['reason']}" for one in report["decisions"]),
            *(f"{one['amount']} of {one['credit']} is left: {one['reason']}" for one in report["skips"]),
            f"{'Applied' if report['run'] else 'Would apply'} {report['allocated']}; "
            f"then {report['outstanding']} is owed and {report['unapplied']} unapplied.",
        ]
    )
