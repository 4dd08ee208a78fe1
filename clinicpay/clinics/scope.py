"""The only door to a clinic's rows: `with clinic_scope(clinic, user):`.

Web requests, Celery tasks, commands and tests all come through here. The scope opens a
transaction, and the database backend pins its clinic, which row level security then enforces.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

if TYPE_CHECKING:
    from clinicpay.clinics.models import Clinic

_clinic: ContextVar[int | None] = ContextVar("clinic", default=None)
_user: ContextVar[int | None] = ContextVar("user", default=None)
_entered: ContextVar["Clinic | None"] = ContextVar("entered", default=None)


class NoClinic(RuntimeError):
    """Tenant rows were touched outside every clinic_scope."""


def pinned_settings() -> tuple[str, str]:
    """Clinic id and user id as the database settings hold them; empty text means none."""
    return str(_clinic.get() or ""), str(_user.get() or "")


def current_clinic_id() -> int:
    """Id of the clinic in scope. Raises NoClinic outside a scope."""
    clinic = _clinic.get()
    if clinic is None:
        raise NoClinic("This needs a clinic: enter clinic_scope(clinic, user) first.")
    return clinic


def entered_clinic() -> "Clinic | None":
    """The clinic in scope, if it was entered as an object and not by its id."""
    return _entered.get()


def current_user_id() -> int | None:
    """Id of the person acting in this scope; None when ClinicPay acts by itself."""
    return _user.get()


@contextmanager
def clinic_scope(clinic: "Clinic | int", user: Any = None) -> Iterator[None]:
    """Work inside one clinic, in one transaction (a savepoint when nested).

    `clinic` is a Clinic or its id; `user` is a User, a user id, or None for ClinicPay itself.
    On exit, also by an exception, the outer scope's clinic is pinned again.
    """
    clinic_id = clinic if isinstance(clinic, int) else getattr(clinic, "pk", None)
    if not clinic_id:
        raise NoClinic("clinic_scope needs a saved clinic.")
    tokens = _clinic.set(clinic_id), _user.set(user if isinstance(user, int) else getattr(user, "pk", None))
    entered = _entered.set(None if isinstance(clinic, int) else clinic)
    nested = connection.in_atomic_block
    try:
        with transaction.atomic():
            if nested:  # BEGIN has already run, and with it the backend's own pin
                _pin()
            yield
    finally:
        _clinic.reset(tokens[0])
        _user.reset(tokens[1])
        _entered.reset(entered)
        if nested and connection.in_atomic_block and not connection.needs_rollback:
            _pin()


def _pin() -> None:
    connection.pin_clinic()  # type: ignore[attr-defined]
