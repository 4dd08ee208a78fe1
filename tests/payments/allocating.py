"""The allocate page as a browser has it: what it shows, and what it sends."""

import re
import uuid
from dataclasses import dataclass
from html import unescape

from django.http import HttpResponse
from django.test import Client

from balances.ledger import open_books
from balances.models import Charge, Credit
from balances.services import new_invoice
from balances.states import ChargeKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from payments.models import Payment
from tests.factories import Clinicful

HTMX = {"HX-Request": "true", "HX-Target": "sheet"}


@dataclass
class Sheet:
    """One opening of the page; `typed` are amounts by the charge, the others stay as they were filled in."""

    client: Client
    address: str
    html: str
    key: str

    @property
    def seen(self) -> str:
        """The hidden figures."""
        return re.search(r'name="seen" value="([^"]*)"', self.html)[1]

    @property
    def filled(self) -> dict[str, str]:
        """The Apply fields, by name."""
        fields = re.findall(r'name="(apply-\d+)" value="([^"]*)"', self.html)
        return {name: unescape(value) for name, value in fields}

    @property
    def ticked(self) -> list[str]:
        """The patients that are chosen."""
        return re.findall(r'name="patients" value="([^"]+)"[^>]* checked', self.html)

    @property
    def source(self) -> str:
        """The money that is chosen."""
        found = re.search(r'name="source" value="(\d+)" checked', self.html)
        return found[1] if found else ""

    def form(self, typed: dict[Charge, str] | None = None, **more: object) -> dict[str, object]:
        """What would be sent."""
        amounts = self.filled | {f"apply-{charge.pk}": text for charge, text in (typed or {}).items()}
        chosen = {"patients": self.ticked, "source": self.source, "seen": self.seen, "request_key": self.key}
        return chosen | amounts | more

    def ok(self, typed: dict[Charge, str] | None = None, **more: object) -> HttpResponse:
        """Press OK."""
        return self.client.post(self.address, self.form(typed, **more))

    def choose(self, *patients: str, typed: dict[Charge, str] | None = None, **more: object) -> "Sheet":
        """Tick these patients and no others: the list follows, by htmx."""
        form = self.form(typed, patients=list(patients), look="1", **more)
        answer = self.client.post(self.address, form, headers=HTMX)
        assert answer.status_code == 200
        return Sheet(self.client, self.address, answer.content.decode(), self.key)


def opened(client: Client, home: Clinicful, payment: Payment, query: str = "") -> Sheet:
    """The page, opened."""
    address = f"/c/{home.clinic.slug}/payments/{payment.ref}/allocate/"
    answer = client.get(address + query)
    assert answer.status_code == 200
    return Sheet(client, address, answer.content.decode(), str(uuid.uuid4()))


def available(payment: Payment) -> list[int]:
    """What is available of each credit of a payment, in their order."""
    return list(Credit.objects.filter(payment=payment).order_by("pk").values_list("available", flat=True))


def an_office_charge(home: Clinicful, account: Account, amount: int) -> Charge:
    """A charge with no treatment and no patient."""
    day = clock.today(home.clinic)
    with open_books(account, by=home.itself) as books:
        invoice = new_invoice(account.pk, Location.objects.get().pk, day)
        line = Charge(kind=ChargeKind.OFFICE, description="Copies of records", service_date=day, amount=amount)
        [charge] = books.charge(invoice, [line])
    return charge
