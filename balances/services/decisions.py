"""Keeping what runs decided: a line for each decision and skip, many in one statement."""

from collections.abc import Iterable, Sequence

from django.db import connection

from balances import auto_apply
from balances.models import AutoApplyRun, Decision
from clinicpay.clinics.db.arrays import TEXTS_END, Compiled, bigints, texts
from clinicpay.clinics.scope import current_clinic_id

Told = auto_apply.Decided | auto_apply.Skipped


def store_decisions(run: AutoApplyRun, decisions: Iterable[Told]) -> None:
    """Write them in their order; a skip is a decision without a charge."""
    rows = [(one.credit_id, _charge(one), one.amount, one.reason) for one in decisions]
    if not rows:
        return
    credits, charges, amounts, reasons = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into balances_decision (clinic_id, run_id, credit_id, charge_id, amount, reason, left_out)
            select %s, %s, d.credit, d.charge, d.amount, left(d.reason, 500), false
            from unnest(%s::bigint[], %s::bigint[], %s::bigint[], string_to_array(%s, %s))
                 with ordinality as d (credit, charge, amount, reason, position)
            order by d.position
            """,
            [current_clinic_id(), run.pk, *map(bigints, (credits, charges, amounts)), texts(reasons), TEXTS_END],
        )


_newest = Compiled(
    lambda credits: (
        Decision.objects.filter(credit__among=credits)
        .order_by("credit", "-pk")
        .distinct("credit")
        .values_list("credit", "charge", "amount", "reason")
    )
)


def news(decisions: Sequence[Told]) -> list[Told]:
    """Without the skips that say what the newest decision about the same money says already.

    Of money that is applied in part the newest will say what it pays, so what is left of it is told.
    """
    applied = {one.credit_id for one in decisions if _charge(one)}
    waiting = [one.credit_id for one in decisions if _charge(one) is None]
    last = {key: said for key, *said in _newest(waiting)}
    return [
        one
        for one in decisions
        if one.credit_id in applied or last.get(one.credit_id) != [None, one.amount, one.reason]
    ]


def _charge(one: Told) -> int | None:
    return getattr(one, "charge_id", None)
