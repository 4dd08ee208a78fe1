"""The demo's exports: the first closed days have left for bookkeeping, the later ones have not."""

from collections.abc import Sequence

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import DailyClose
from clinicpay.close.states import CloseState
from clinicpay.exports.codes import Code, Key
from clinicpay.exports.days import chosen_days, seal_of
from clinicpay.exports.services import Wish, make_export, set_codes
from clinicpay.exports.states import FileKind, LedgerAccount, What
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role

HYGIENE = Key(LedgerAccount.REVENUE, discipline="Hygiene")


def make_exports(clinic: Clinic) -> None:
    """The earlier half of the closed days as journal and as day sheet; hygiene has a code of its own."""
    members = Membership.objects.select_related("user", "clinic").filter(role__in=[Role.ADMIN, Role.OWNER])
    by = members.order_by("role")[0]
    with clinic_scope(clinic, by.user):
        closes = list(DailyClose.objects.filter(state=CloseState.CLOSED).order_by("day", "pk"))
        set_codes({HYGIENE: Code("4010", "Hygiene revenue")}, location=None, by=by)
        half = closes[: (len(closes) + 1) // 2]
        for what, kind in ((What.JOURNAL, FileKind.CSV), (What.SHEET, FileKind.XLSX)):
            _export(what, kind, half, by)


def _export(what: What, kind: FileKind, closes: Sequence[DailyClose], by: Membership) -> None:
    seal = seal_of(what, chosen_days(what, closes))
    make_export(Wish(what, kind, frozenset(one.number for one in closes if one.number), seal), by=by)
