"""What somebody has typed is text on every page (E5). XSS_TURNS=15 puts every payload into every field."""

import os
from html.parser import HTMLParser
from itertools import cycle, islice

import pytest
from django.db import models

from clinicpay.clinics.models import Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.models import Practitioner
from tests.access.samples import HTMX, IN_CLINIC, path_of
from tests.factories import a_payment
from tests.worlds import World, make_world
from treatments.models import PriceItem, TreatmentEvent

MARK = "xss1337"
TURNS = int(os.environ.get("XSS_TURNS", "3"))
PAYLOADS = [
    f"<script>{MARK}()</script>", f'"><img src=x onerror={MARK}()>', f"'><svg onload={MARK}()>", f"</title><b {MARK}>",
    f"</textarea><script>{MARK}()</script>", f"<!--><img {MARK}>", f'" autofocus onfocus="{MARK}()', f"{{{{{MARK}}}}}",
    f"' onmouseover='{MARK}()", f"</script><script>{MARK}()</script>", f"<a href=javascript:{MARK}()>x</a>",
    f"<{MARK}>", f"&lt;script&gt;{MARK}()", f"<iframe srcdoc='<script>{MARK}()'>", f"\\u003cscript>{MARK}()",
]  # fmt: skip
TEXTS: dict[type[models.Model], tuple[str, ...]] = {
    Patient: ("first_name", "last_name", "email", "phone", "address"),
    Account: ("name", "email", "phone", "address"),
    TreatmentEvent: ("title", "discipline", "clinical_notes"),
    PriceItem: ("description", "discipline"),
    Location: ("name", "address"),
    Practitioner: ("name", "discipline"),
}
"""What people type that the application may change afterwards; the other texts are made with it."""


class Elements(HTMLParser):
    """Every tag and attribute that a browser would make of a page, if one of them bears the mark."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """The mark as a tag, as an attribute, in a handler or in an address of a script."""
        if MARK in tag:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            runs = name.startswith("on") or name in {"srcdoc"} or (value or "").strip().startswith("javascript:")
            if MARK in name or (runs and MARK in (value or "")):
                self.found.append(f"<{tag} {name}={value}>")
        self.in_script = tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        """The mark as the text of a script."""
        if getattr(self, "in_script", False) and MARK in data:
            self.found.append(f"script: {data[:60]}")

    def handle_endtag(self, tag: str) -> None:
        """Nothing is open after any end."""
        self.in_script = False


def _spoil(world: World, turn: int) -> None:
    """Another payload in each field; each turn moves them by one."""
    payloads = islice(cycle(PAYLOADS), turn, None)
    with clinic_scope(world.home.clinic):
        for model, names in TEXTS.items():
            for name in names:
                limit = model._meta.get_field(name).max_length or 500
                model.objects.update(**{name: next(payloads)[:limit]})
        account = Account.objects.get(pk=world.account.pk)
        world.payment = a_payment(world.home, account, 100, patient=world.patient, memo=next(payloads))


@pytest.fixture(scope="module")
def spoilt(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return make_world("spoilt")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(TURNS))
def test_stored_text_is_never_markup(spoilt, turn):
    _spoil(spoilt, turn)
    for one in IN_CLINIC:
        if "pdf" in one.name or "zip" in one.route:
            continue
        for who in ("rita", "petra", "olga"):
            browser = spoilt.browser(who)
            for headers in ({}, HTMX):
                page = browser.get(path_of(one, spoilt), {"q": PAYLOADS[turn]}, headers=headers)
                assert page.status_code < 500
                assert Elements(page.content.decode()).found == [], one.name


def test_control_sees_markup():
    assert all(Elements(payload).found for payload in PAYLOADS if payload[0] in "<" and "!--" not in payload)
