"""Giving debt up by its pages: who, what the forms carry, and where they are."""

import html
import re
from datetime import timedelta
from uuid import uuid4

from django.db import connection

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.delegations import delegate
from clinicpay.staff.models import Delegation
from followups.forms.write_offs import shown_of
from followups.queries.write_offs import facts_of
from followups.services import request_write_off


def text(response) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def at(patient) -> str:
    return f"/c/harbor/followups/{patient.account.ref}/write-off/"


def page(number: int, tail: str = "") -> str:
    return f"/c/harbor/write-offs/WO-{number:03d}/{tail}"


def filled(patient, *charges, step="now", **more) -> dict:
    """The form as the page draws it, with what was chosen."""
    patient.account.refresh_from_db()
    return {
        "invoices": [one.invoice.ref for one in charges],
        "cause": "not_found",
        "reason": "Three letters came back",
        "shown": shown_of(facts_of(patient.account)),
        "request_key": str(uuid4()),
        "step": step,
    } | more


def key() -> dict:
    return {"request_key": str(uuid4())}


def owes(patient) -> int:
    patient.account.refresh_from_db()
    return patient.account.owes


def asked(home, charge, who="bill"):
    """Asked for as that person, whom the database notes."""
    member = home.members[who]
    with clinic_scope(home.clinic, member.user):
        return request_write_off(charge.account, [charge.invoice], by=member, reason="Moved abroad")


def let(home, limit=20000, days=10, who="bill") -> Delegation:
    """Olga's leave for somebody."""
    with clinic_scope(home.clinic, home.olga.user):
        last = clock.today(home.clinic) + timedelta(days=days)
        return delegate(home.members[who], by=home.olga, limit=limit, last_day=last)


def journal() -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("select side, ledger_account, amount from balances_journal where act = 'write_off'")
        return sorted(cursor.fetchall())
