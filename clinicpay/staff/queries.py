"""Who is a member of what: the look-ups that come before a clinic is known."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import Membership, User
from clinicpay.staff.roles import Role


def memberships_of(user: User) -> list[Membership]:
    """A person's active memberships with their clinics, by clinic name, in one query."""
    with connection.cursor() as cursor:
        cursor.execute("select * from memberships_of(%s)", [user.pk])
        return [_member(user, row) for row in cursor.fetchall()]


def names_of(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Names of people by id, for whoever has acted in this clinic; one query."""
    users = User.objects.filter(pk__in={pk for pk in user_ids if pk})
    return {user.pk: str(user) for user in users}


def managers(besides: Membership | None = None) -> list[str]:
    """Owners and admins of the clinic in scope, a few of them, as a page names who can help somebody else."""
    rows = Membership.objects.filter(role__in=[Role.OWNER, Role.ADMIN], active=True).select_related("user")
    rows = rows.exclude(pk=besides.pk) if besides else rows
    return [f"{one.user} ({one.role_label})" for one in rows.order_by("-role", "user__name")[:3]]


def _member(user: User, row: tuple[Any, ...]) -> Membership:
    """A setting that the look-up doesn't bring is read when it is asked for, once the clinic is entered."""
    member_id, role, has_second_step, *values = row
    clinic = Clinic.from_db(None, _OF_CLINIC, values)
    member = Membership(id=member_id, clinic=clinic, user=user, role=role, active=True)
    member._state.adding = False
    member.has_second_step = has_second_step
    return member


_OF_CLINIC = [
    *("id", "slug", "name", "timezone", "currency", "day_starts_at", "paper", "created_at"),
    *("idle_minutes", "two_step"),
]
"""In the order of the model's fields."""
