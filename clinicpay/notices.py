"""The notices of a page: about the person's clinics, about ClinicPay, and for its managers about the clinic."""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from balances.held import held_that_matches
from clinicpay import away, money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic, JobFailure, JobRun
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.problems import came_from
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after
from clinicpay.ui.notices import DISMISSED, Notice
from followups.queries.write_offs import waiting_for
from payments.models import GatewayTask
from payments.services.gateway_tasks import WAITING, gateway_tasks
from payments.states import GatewayTaskKind

NEEDED = (
    ("a location", "settings_locations"),
    ("a practitioner", "settings_practitioners"),
    ("a price", "settings_prices"),
)
"""What a clinic can't begin without, and where it is added."""

KEYS = {"two-clinics", "invitations"}
"""Notices that may be put away."""


def notices(request: ClinicRequest) -> list[Notice]:
    """What stands above this page, but for what the person has put away in this clinic."""
    gone = request.session.get(DISMISSED, [])
    said = [*_of_clinics(request), *_of_servers(), *_of_day(request)]
    return [one for one in said if f"{request.member.clinic.slug} {one.key}" not in gone]


@require_POST
@allowed(Can.ENTER)
def dismiss(request: ClinicRequest, key: str) -> HttpResponse:
    """Put a notice away until the next sign-in."""
    gone = request.session.get(DISMISSED, [])
    name = f"{request.member.clinic.slug} {key}"
    if key in KEYS and name not in gone:
        request.session[DISMISSED] = [*gone, name]
    return redirect_after(request, came_from(request) or address(request.member.clinic, "today"))


def _of_clinics(request: ClinicRequest) -> Iterator[Notice]:
    others = [one.clinic.name for one in request.memberships if one.clinic.pk != request.member.clinic.pk]
    if others:
        here = request.member
        text = f"You work in {len(others) + 1} clinics. This is {here.clinic.name}, where you are {here.role_label}."
        yield Notice(text, key="two-clinics")


def _of_servers() -> Iterator[Notice]:
    if away.since():
        text = "One of ClinicPay’s servers does not answer. You can go on working; nobody can sign in meanwhile."
        yield Notice(text, level="warning")


class Reasons(NamedTuple):
    """What there may be a notice about: whether there is anything of each kind, and what the clinic still lacks."""

    gateways: bool
    nights: bool
    holds: bool
    write_offs: bool
    locations: bool
    practitioners: bool
    prices: bool
    invitations: int


_REASONS = """
select exists (select from payments_gatewaytask where state in ('open', 'refunded', 'booked')),
  exists (select from clinics_jobfailure where mended_at is null),
  exists (select from balances_credit where kind = 'pre_payment' and available > 0),
  exists (select from followups_writeoff where status = 'requested'),
  exists (select from clinics_location where active),
  exists (select from staff_practitioner where active),
  exists (select from treatments_priceitem where active),
  (select count(*) from staff_invitation where accepted_at is null and expires_at > now())
"""
"""Asked once where the day begins; only what is there is then looked at by the question of its own page."""


def _of_day(request: ClinicRequest) -> Iterator[Notice]:
    """What waits for this person where the day begins: on Today."""
    if getattr(request.resolver_match, "url_name", "") != "today":
        return
    with connection.cursor() as cursor:
        cursor.execute(_REASONS)
        there = Reasons(*cursor.fetchone())
    of_work = (
        (there.gateways, Can.SEE_MONEY, _of_gateways),
        (there.nights, Can.AUTO_APPLY, _of_nights),
        (there.holds, Can.ALLOCATE, _of_holds),
        (there.write_offs, Can.REQUEST_WRITE_OFF, _of_write_offs),
    )
    for is_there, can, of in of_work:
        if is_there and request.member.can(can):
            yield from of(request)
    if request.member.can(Can.MANAGE_SETTINGS):
        yield from _of_settings(request.member.clinic, there)


def _of_gateways(request: ClinicRequest) -> Iterator[Notice]:
    """What gateways left to decide, where those who see money begin the day."""
    waiting = list(gateway_tasks().filter(WAITING)[:2])
    if not waiting:
        return
    text = "Some card payments wait for a decision." if len(waiting) > 1 else f"{waiting[0]}{_question(waiting[0])}."
    label = "Decide" if request.member.can(Can.REFUND) else "See them"
    yield Notice(text, level="warning", label=label, url=address(request.member.clinic, "gateway_tasks"))


def _of_holds(request: ClinicRequest) -> Iterator[Notice]:
    """The reminder of money whose treatment has happened, where those who apply it begin the day (S3.37, S3.39)."""
    if waiting := held_that_matches():
        clinic, count = request.member.clinic, len(waiting)
        usable = money.show(sum(one.usable for one in waiting), clinic.currency)
        held = "1 pre-payment matches" if count == 1 else f"{count:,} pre-payments match"
        text = f"{held} what is owed now: {usable} can be applied."
        yield Notice(text, label="Pre-payments", url=f"{address(clinic, 'pre_payments')}?match=now")


def _of_write_offs(request: ClinicRequest) -> Iterator[Notice]:
    """What waits for this person's approval, where an owner or a delegate begins the day."""
    count, amount = waiting_for(request.member)
    if count:
        clinic = request.member.clinic
        waits = "1 write-off waits" if count == 1 else f"{count:,} write-offs wait"
        text = f"{waits} for your decision: {money.show(amount, clinic.currency)}."
        yield Notice(text, label="Write-offs", url=address(clinic, "write_offs"))


QUESTIONS: dict[str, str] = {
    GatewayTaskKind.LATE: ": refund or keep",
    GatewayTaskKind.FOREIGN: ": book what the bank credited, or refund it there",
}


def _question(task: GatewayTask) -> str:
    return QUESTIONS.get(task.kind, "")


def _of_nights(request: ClinicRequest) -> Iterator[Notice]:
    """What the last night left undone, where those who can run it again begin the day."""
    last = JobRun.objects.order_by("-local_date").values("local_date")[:1]
    failed = JobFailure.objects.filter(run__local_date=last, mended_at=None).values("account_id").distinct().count()
    if failed:
        text = f"The last night failed for {failed} account{'s' if failed > 1 else ''}."
        yield Notice(text, level="warning", label="Nights", url=address(request.member.clinic, "nights"))


def _of_settings(clinic: Clinic, there: Reasons) -> Iterator[Notice]:
    """For those who can do something about it."""
    for (what, page), has in zip(NEEDED, (there.locations, there.practitioners, there.prices), strict=True):
        if not has:
            text = f"{clinic.name} still needs {what} before a treatment can be added."
            yield Notice(text, level="warning", label=f"Add {what}", url=address(clinic, page))
    if waiting := there.invitations:
        text = f"{waiting} invitation{'s wait' if waiting > 1 else ' waits'} to be accepted."
        yield Notice(text, label="Team", url=address(clinic, "settings_team"), key="invitations")
