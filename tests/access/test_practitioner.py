"""A practitioner sees no amount, payment state or finance note on any page (S0.27); all others see them (S0.26)."""

import re

import pytest

from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from tests.access.samples import HTMX, IN_CLINIC, Words, arguments, named, path_of, right, who_of
from tests.worlds import World

pytestmark = pytest.mark.django_db

AMOUNT = re.compile(r"[$€£]|\bUSD\b|\b\d+[.,]\d{2}\b")
MONEY_WORDS = re.compile(
    r"\b(owes?|owing|owed|paid|unpaid|balances?|outstanding|unapplied|credits?|deposits?|refund\w*|invoices?|receipts?"
    r"|charged?|fees?|payments?|allocat\w+|PAY-\d+|INV-\d+|R-\d+)\b",
    re.IGNORECASE,
)

PAGES = [one for one in IN_CLINIC if "petra" in who_of(right(one.view, "get"))]


def _places(one, world: World) -> list[str]:
    """The page, also of a treatment that has been billed and paid, and with all that a form may ask."""
    billed = path_of(one, world)
    if "te:number" in arguments(one):
        billed = path_of(one, world, number=world.invoice.event)
    chosen = f"{path_of(one, world)}?patient={world.patient.ref}"
    return list(dict.fromkeys([path_of(one, world), billed, chosen]))


def _words(response) -> str:
    """The page's words but for the product's own name."""
    return Words(response.content.decode()).text.replace("ClinicPay", "")


@pytest.mark.parametrize("one", PAGES, ids=named)
def test_s0_27_page_for_a_practitioner_has_no_money(worlds, one):
    north, _ = worlds
    petra = north.browser("petra")
    for place in _places(one, north):
        for headers in ({}, HTMX):
            words = _words(petra.get(place, headers=headers))
            assert AMOUNT.findall(words) == []
            assert MONEY_WORDS.findall(words) == []


@pytest.mark.parametrize("who", ["rita", "bill", "adam", "olga"])
def test_s0_26_others_see_payment_state_and_finance_notes(worlds, who):
    """S0.26: beside the treatment, and its notes; the control of S0.27 is the practitioner at the same addresses."""
    north, _ = worlds
    place = f"/c/{north.slug}/treatments/{north.planned.ref}/"
    state = f"/c/{north.slug}/treatments/{north.invoice.event.ref}/"
    note = address(north.home.clinic, "treatment_notes", number=north.planned)

    words = _words(north.browser(who).get(state))
    assert AMOUNT.findall(words)
    assert {"balance", "paid"} & {word.lower() for word in MONEY_WORDS.findall(words)}
    assert f"{north.canary} note" in _words(north.browser(who).get(note))

    petra = north.browser("petra")
    assert petra.get(note).status_code == 403
    assert f"{north.canary} note" not in _words(petra.get(place)).replace(f"{north.canary} notes", "")


def test_pages_of_others_do_have_money(worlds):
    """The control: the same eyes find amounts and words where there are any."""
    north, _ = worlds
    rita = north.browser("rita")
    for place in (f"/c/{north.slug}/patients/", f"/c/{north.slug}/treatments/{north.invoice.event.ref}/"):
        words = _words(rita.get(place))
        assert AMOUNT.findall(words)
        assert MONEY_WORDS.findall(words)


def test_answer_to_a_practitioners_own_act_has_no_money(worlds):
    north, _ = worlds
    petra = north.browser("petra")

    done = petra.post(f"/c/{north.slug}/treatments/{north.planned.ref}/complete/", follow=True)

    assert done.redirect_chain
    assert AMOUNT.findall(_words(done)) == []
    assert MONEY_WORDS.findall(_words(done)) == []


@pytest.mark.parametrize("refused", [one for one in IN_CLINIC if one not in PAGES], ids=named)
def test_refusal_to_a_practitioner_names_no_amount(worlds, refused):
    north, _ = worlds

    words = _words(north.browser("petra").get(path_of(refused, north)))

    assert AMOUNT.findall(words) == []


@pytest.mark.parametrize("page", ["patients", "treatments"])
def test_practitioner_cannot_sort_or_filter_by_money(worlds, page):
    """Otherwise the order of a list would tell who owes."""
    north, _ = worlds
    petra, place = north.browser("petra"), f"/c/{north.slug}/{page}/"
    plain = _rows(petra.get(place))

    for asked in ("sort=owes", "sort=-owes", "sort=balance", "sort=account__owes", "owing=clear", "money=settled"):
        assert _rows(petra.get(f"{place}?{asked}")) == plain, asked


def _rows(response) -> list[str]:
    return re.findall(r"\b(?:PT|TE)-\d+", Words(response.content.decode()).text)


def test_sort_by_money_works_for_reception(worlds):
    """The control: the filters exist, for those who may see what they tell."""
    north, _ = worlds
    rita, place = north.browser("rita"), f"/c/{north.slug}/patients/"
    with clinic_scope(north.home.clinic):
        north.account.refresh_from_db()

    shown = "clear" if north.account.owes == 0 else "owes"
    hidden = {"clear": "owes", "owes": "clear"}[shown]
    assert north.patient.ref in _rows(rita.get(f"{place}?owing={shown}"))
    assert _rows(rita.get(f"{place}?owing={hidden}")) == []
