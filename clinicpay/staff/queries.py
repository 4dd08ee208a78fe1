"""Who is a member of what: the look-ups that come before a clinic is known."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import Membership, User


def memberships_of(user: User) -> list[Membership]:
    """A person's active memberships with their clinics, by clinic name, in one query."""
    with connection.cursor() as cursor:
        cursor.execute("select * from memberships_of(%s)", [user.pk])
        return [_member(user, row) for row in cursor.fetchall()]


def names_of(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Names of people by id, for whoever has acted in this clinic; one query."""
    users = User.objects.filter(pk__in={pk for pk in user_ids if pk})
    return {user.pk: str(user) for user in users}


def _member(user: User, row: tuple[Any, ...]) -> Membership:
    member_id, role, clinic_id, slug, name, timezone, currency, day_starts_at, paper, created_at = row
    clinic = Clinic(clinic_id, slug, name, timezone, currency, day_starts_at, paper, created_at)
    member = Membership(id=member_id, clinic=clinic, user=user, role=role, active=True)
    member._state.adding = clinic._state.adding = False
    return member
