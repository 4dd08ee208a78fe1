"""Deposits and open invoices through the real services, and the page as an admin works with it."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.models import Membership
from payments.models import Payment
from payments.services import PaymentRequest, collect_payment, create_payment
from payments.states import Method, PaymentType
from tests.factories import Clinicful, a_patient


def signed_in(member: Membership) -> Client:
    """Their own browser."""
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def a_deposit(
    home: Clinicful,
    patient: Patient,
    amount: int,
    *,
    account: Account | None = None,
    method: Method = Method.CARD,
    location: Location | None = None,
) -> Payment:
    """Money that was asked for in advance and has come: a deposit of the account."""
    ask = PaymentRequest(patient, amount, location or home.location, kind=PaymentType.PRE_PAYMENT, account=account)
    return collect_payment(create_payment(ask, by=home.itself), by=home.itself, method=method)


def an_insurer(home: Clinicful, name: str, *patients: Patient, kind: str = Account.Kind.INSURANCE) -> Account:
    """A payer that these patients list."""
    payer = open_account(by=home.itself, name=name, kind=kind)
    for patient in patients:
        add_payer(patient, payer, by=home.itself)
    return payer


def a_guarded(home: Clinicful, first: str, guardian: str) -> Patient:
    """A patient on a guardian's account."""
    return a_patient(home, first, account=open_account(by=home.itself, name=guardian, kind=Account.Kind.GUARDIAN))


@dataclass
class Page:
    """The list as it was answered, and what can be done with it."""

    client: Client
    home: Clinicful
    asked: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    status: int = 0

    @property
    def at(self) -> str:
        return f"/c/{self.home.clinic.slug}/deposits/"

    def retrieve(self, **asked: Any) -> "Page":
        """Press Retrieve with these filters; the location is the clinic's first unless told."""
        self.asked = {"location": self.home.location.pk, "retrieve": "1"} | asked
        return self.look(self.client.get(self.at, self.asked))

    def look(self, answer: HttpResponse) -> "Page":
        self.status, self.text = answer.status_code, html.unescape(answer.content.decode())
        return self

    @property
    def rows(self) -> list[str]:
        """The text of each row, in order."""
        body = self.text.partition("<tbody>")[2].partition("</tbody>")[0]
        return [" ".join(re.sub(r"<[^>]+>", " ", f"<{row}").split()) for row in body.split("<tr")[1:]]

    @property
    def invoices(self) -> list[str]:
        """The invoices that are listed, in order."""
        return [found[0] for row in self.rows if (found := re.findall(r"INV-\d+", row))]

    def form_of(self, ref: str) -> dict[str, str]:
        """What the button Apply of an invoice sends."""
        row = next(one for one in self.text.split("<tr")[1:] if f">{ref}<" in one)
        return dict(re.findall(r'name="(request_key|plan)" value="([^"]*)"', row))

    def apply(self, ref: str, **instead: str) -> HttpResponse:
        """Press Apply on a row."""
        return self.send("apply/", self.form_of(ref) | instead)

    @property
    def all_form(self) -> dict[str, str]:
        """What Apply All sends."""
        part = self.text.partition("apply-all/")[2]
        return dict(re.findall(r'name="(request_key|seal|rows)" value="([^"]*)"', part)[:3])

    def apply_all(self, **instead: str) -> HttpResponse:
        """Press Apply All and confirm."""
        return self.send("apply-all/", self.all_form | instead)

    def send(self, where: str, data: dict[str, str]) -> HttpResponse:
        query = "&".join(f"{name}={value}" for name, value in self.asked.items())
        return self.client.post(f"{self.at}{where}?{query}", data)


def page_of(home: Clinicful, who: str = "adam", **asked: Any) -> Page:
    """The page after Retrieve, as a member sees it."""
    return Page(signed_in(home.members[who]), home).retrieve(**asked)
