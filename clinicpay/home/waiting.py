"""What waits for those who run the clinic: approvals, and work that nobody has begun."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum, Window
from django.utils import timezone

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic, JobFailure, JobRun
from clinicpay.staff.models import Invitation, Membership
from followups.models import WriteOff
from followups.queries.write_offs import decidable
from payments.models import GatewayTask, Refund
from payments.queries.refunds import all_refunds
from payments.services.gateway_tasks import WAITING
from payments.states import REFUND_OPEN

SHOWN = 5
"""Of each kind; the rest is one click away."""


class Work(NamedTuple):
    """So many of something, what they are, and the page where they are done."""

    number: int
    one: str
    many: str
    url: str
    icon: str
    is_wrong: bool = False

    @property
    def words(self) -> str:
        return self.one if self.number == 1 else self.many


def write_offs_waiting(member: Membership) -> list[WriteOff]:
    """Those that this member may decide, the oldest first; each says of how many (`among`) and how much (`sum`)."""
    rows = decidable(member).select_related("account")
    return list(_among(rows).order_by("requested_at", "pk")[:SHOWN])


def refunds_waiting(place: int | None) -> list[Refund]:
    """Refunds to be approved or paid out, the oldest first, of payments at one location or at all."""
    rows = all_refunds().filter(status__in=REFUND_OPEN)
    rows = rows if place is None else rows.filter(payment__location=place)
    return list(_among(rows).order_by("requested_at", "pk")[:SHOWN])


def _among(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.annotate(among=Window(Count("pk")), sum=Window(Sum("amount")))


def work_waiting(clinic: Clinic) -> Iterator[Work]:
    """What of the clinic's running nobody has looked after. One question."""
    failed, cards, invited = _counts(clinic)
    if failed:
        yield Work(
            *(failed, "account failed in the last night", "accounts failed in the last night"),
            *(address(clinic, "nights"), "moon", True),
        )
    if cards:
        yield Work(
            *(cards, "card payment to decide", "card payments to decide"),
            *(address(clinic, "gateway_tasks"), "credit-card", True),
        )
    if invited:
        yield Work(
            *(invited, "invitation not accepted yet", "invitations not accepted yet"),
            *(address(clinic, "settings_team"), "user-plus"),
        )


def _counts(clinic: Clinic) -> tuple[int, int, int]:
    last = JobRun.objects.order_by("-local_date").values("local_date")[:1]
    failed = JobFailure.objects.filter(run__local_date=Subquery(last), mended_at=None)
    invited = Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now())
    asked = [
        _counted(failed, "account_id"),
        _counted(GatewayTask.objects.filter(WAITING), "pk"),
        _counted(invited, "pk"),
    ]
    failures, cards, open_ones = Clinic.objects.values_list(*asked).get(pk=clinic.pk)
    return failures or 0, cards or 0, open_ones or 0


def _counted(rows: QuerySet[Any], what: str) -> Subquery:
    """How many, as a part of a larger question; nothing where there are none."""
    mine = rows.filter(clinic=OuterRef("pk")).order_by().values("clinic")
    return Subquery(mine.annotate(count=Count(what, distinct=True)).values("count"))
