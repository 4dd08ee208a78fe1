"""Two equal forms, the second of which comes through while the first is being read: one act, one answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from balances.services import hold_credit
from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from payments.states import Method
from tests.balances.invariants import broken
from tests.balances.money import credit_of
from tests.factories import Clinicful, a_charge, a_patient, a_payment
from tests.payments.refund_forms import Page, browser
from tests.payments.requests import a_request
from tests.races.crowd import a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Case:
    """What is owed and in hand, where the form is, what is typed into it, and the button of each step."""

    page: str
    owed: int = 0
    free: int = 0
    held: int = 0
    typed: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ("",)


BOTH = ("review", "confirm")
CASES = {
    "desk": Case("pay_for_patient", owed=6000, typed={"amount": "60", "method": "cash", "apply": "60"}),
    "allocate": Case("payment_allocate", owed=6000, free=8000, typed={"apply": "60"}),
    "refund": Case("payment_refund", free=8000, typed={"reason": "other"}, steps=BOTH),
    "return": Case("payment_return", free=8000, typed={"reason": "bounced", "amount": "80"}, steps=BOTH),
    "hold": Case("payment_hold", owed=6000, free=8000, typed={"amount": "80", "procedure": "D1001"}),
    "release": Case("hold_release", held=8000, typed={"amount": "80", "reason": "Moved away"}),
    "credit note": Case("invoice_credit", owed=6000, typed={"amount": "60", "reason": "Billed wrongly"}),
    "plan": Case("plan_new", owed=6000, typed={"instalment": "20"}),
    "write-off": Case("write_off_new", owed=6000, typed={"cause": "not_found", "reason": "Gone"}, steps=("now",)),
    "request": Case("payment_new", owed=6000, typed={"amount": "50"}),
    "collect": Case("payment_status", owed=6000, typed={"method": "cash"}),
    "statements": Case("statement_batch", owed=6000),
}
"""A form of each kind that looks at its key (balances.forms.OnceForm)."""

OPENED = {"payment_new": "?patient={patient}", "payment_status": "?to=paid"}
"""How its page is opened."""


class Twins:
    """Lets the twin of a form through right after the form's first look at its key, or else before it takes it."""

    def __init__(self, send: Callable[[int], Any]) -> None:
        self.send, self.answers = send, list[Any]()

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Around each statement of the form that is being read."""
        looks = "balances_requestkey" in sql and sql.lstrip().lower().startswith("select")
        answer = execute(sql, *rest) if looks else None
        if "balances_requestkey" in sql and not self.answers:
            self.answers.append("on its way")
            self.answers[:] = rush(1, self.send)
        return answer if looks else execute(sql, *rest)


@pytest.mark.parametrize("name", CASES)
def test_form_whose_twin_is_done_while_it_is_read_gets_the_same_answer(name):
    """Whoever looks at the key before the figures finds those changed by the twin, and is told a fault."""
    home = a_clinic()
    client, where, form = _opened(home, CASES[name])
    twins = Twins(lambda _: _again(client).post(where, form))

    with connection.execute_wrapper(twins):
        answer = client.post(where, form)

    assert not failures(twins.answers)
    assert [one.status_code for one in (answer, *twins.answers)] == [302, 302]
    assert answer["Location"] == twins.answers[0]["Location"]
    assert client.post(where, form)["Location"] == answer["Location"]
    with clinic_scope(home.clinic, home.olga.user):
        assert not broken()


def _opened(home: Clinicful, case: Case) -> tuple[Client, str, dict[str, str]]:
    """Who sends it, where to, and what: the page's own fields, filled in up to the last step."""
    with clinic_scope(home.clinic, home.olga.user):
        patient = a_patient(home)
        where = address(home.clinic, case.page, **_named(home, case, patient))
    where += OPENED.get(case.page, "").format(patient=patient.ref)
    client = browser(home, "olga")
    page = Page(client.get(where))
    for step in case.steps:
        form = page.fields | _typed(case, page) | {"step": step}
        page = page if step == case.steps[-1] else Page(client.post(where, form))
    return client, where, form


def _named(home: Clinicful, case: Case, patient: Patient) -> dict[str, int]:
    """Make what there is; what names it in the page's address."""
    names = {"pay_for_patient": patient.number, "plan_new": patient.account.number}
    names["write_off_new"] = patient.account.number
    charge = a_charge(home, patient, case.owed) if case.owed else None
    if charge:
        names["invoice_credit"] = charge.invoice.number
    found = {"number": names[case.page]} if case.page in names else {}
    if case.free or case.held:
        payment = a_payment(home, patient.account, case.free or case.held, patient=patient, method=Method.CHEQUE)
        found = {"number": payment.number}
    if case.page == "payment_status":
        found = {"number": a_request(home, patient, case.owed).number}
    if case.held:
        held = hold_credit(credit_of(payment), case.held, by=home.bill, criteria={"procedure": "D1001"})
        found["held"] = held.pk
    return found


def _typed(case: Case, page: Page) -> dict[str, str]:
    """What is typed; the amount for the charge into its own field."""
    own = next((name for name in page.fields if name.startswith("apply-")), "apply")
    return {own if name == "apply" else name: text for name, text in case.typed.items()}


def _again(client: Client) -> Client:
    """The same person in another tab."""
    own = Client()
    own.cookies = client.cookies.copy()
    return own
