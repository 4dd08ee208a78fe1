"""The page that bills a treatment, now or again, as a browser has it."""

import re
import uuid

from django.http import HttpResponse
from django.test import Client

from balances.models import Charge
from clinicpay.clinics.addresses import address
from tests.access.samples import Words
from tests.factories import Clinicful
from treatments.models import TreatmentEvent


def page_of(client: Client, home: Clinicful, page: str, number: int) -> str:
    """A page's HTML."""
    return client.get(address(home.clinic, page, number=number)).content.decode()


def shown(client: Client, home: Clinicful, page: str, number: int) -> str:
    """A page's words."""
    return Words(page_of(client, home, page, number)).text


def said(answer: HttpResponse) -> str:
    """An answer's words."""
    return Words(answer.content.decode()).text


def place(home: Clinicful, event: TreatmentEvent) -> str:
    """Where a treatment is billed."""
    return address(home.clinic, "treatment_bill", number=event.number)


def seal_of(client: Client, home: Clinicful, event: TreatmentEvent) -> str:
    """The seal of what the page shows."""
    return re.search(r'name="seal" value="([0-9a-f]+)"', page_of(client, home, "treatment_bill", event.number))[1]


def send(client: Client, home: Clinicful, event: TreatmentEvent, **form: str) -> HttpResponse:
    """Press its button, and follow."""
    fields = {"request_key": str(uuid.uuid4())} | form
    return client.post(place(home, event), fields, follow=True)


def billed(event: TreatmentEvent) -> list[int]:
    """What stands on invoices for it, line by line."""
    return list(Charge.objects.filter(event=event, voided=False).order_by("line").values_list("amount", flat=True))
