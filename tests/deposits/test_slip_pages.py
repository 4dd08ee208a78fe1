"""The pages of bank slips, as billing and the owner use them."""

import csv
import io
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from deposits.models import BankSlip
from deposits.queries.slips import draft_at, items_on
from deposits.services.slips import mark_of, seal_of, void_slip
from payments.states import Method
from tests.access.samples import Words
from tests.deposits.slips import back, drafted, paid, printed
from tests.downloads import pdf_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, harbor):
    """What a person of the clinic asks and sends: the status and the words of the answer."""

    class Desk:
        def enter(self, who):
            client.force_login(getattr(harbor, who).user)
            return self

        def get(self, name, query="", **arguments):
            answer = client.get(address(harbor.clinic, name, **arguments) + query)
            self.html = answer.content.decode() if not answer.streaming else answer.getvalue().decode()
            return answer.status_code, Words(self.html).text

        def post(self, name, data=None, **arguments):
            form = {"request_key": str(uuid.uuid4()), **(data or {})}
            answer = client.post(address(harbor.clinic, name, **arguments), form, follow=True)
            return answer.status_code, Words(answer.content.decode()).text

    return Desk().enter("bill")


def sent(home, *refs, **more):
    """The form of a new slip of today."""
    today = str(clock.today(home.clinic))
    draft = draft_at(home.location)
    span = {"location": home.location.pk, "first": today, "last": today, "line": list(refs), "seen": mark_of(draft)}
    return span | {"cash_out": "", "reason": ""} | more


def sealed():
    slip = BankSlip.objects.get(state="draft")
    return {"seal": seal_of(items_on(slip), slip), "request_key": str(uuid.uuid4())}


def test_from_what_waits_to_the_paper_for_the_bank(harbor, desk):
    cash, cheque, kept = paid(harbor, 10000), paid(harbor, 5000, Method.CHEQUE), paid(harbor, 700)
    status, text = desk.get("slips")
    assert (status, "$107.00" in text, "$50.00" in text) == (200, True, True)
    status, text = desk.get("slip_new")
    assert all(one.ref in text for one in (cash, cheque, kept))
    assert desk.html.count("checked") >= 3

    status, text = desk.post("slip_new", sent(harbor, cash.ref, cheque.ref, cash_out="20.00", reason="Petty cash"))
    assert (status, "1 of these days" in text, "$130.00" in text) == (200, True, True)
    status, text = desk.post("slip_print", sealed(), location=harbor.location.pk)
    assert "BS-001 was printed" in text

    assert desk.get("slip", number=1)[0] == 200
    status, text = desk.get("payment", number=cash.number)
    assert "Bank slip BS-001 Printed" in text
    status, text = desk.get("payment_history", number=cash.number)
    assert "printed bank slip BS-001" in text
    assert "not yet on a slip" not in desk.get("slips")[1]


def test_paper_has_totals_cheques_and_cash(harbor, desk, client):
    paid(harbor, 10000)
    back(harbor, paid(harbor, 2000), 500)
    cheque = paid(harbor, 5000, Method.CHEQUE)
    slip = printed(harbor, cash_out=1000, reason="Stamps")
    answer = client.get(address(harbor.clinic, "slip_pdf", number=slip.number))
    text = pdf_words(answer.content)
    for words in ("Bank slip BS-001", "Cash taken out: Stamps", cheque.ref, "$115.00", "$155.00", "Page 1 of 1"):
        assert words in text, words


def test_printing_twice_is_one_slip(harbor, desk):
    paid(harbor, 1000)
    drafted(harbor)
    form = sealed()
    for _ in range(2):
        status, text = desk.post("slip_print", form, location=harbor.location.pk)
        assert (status, "BS-001" in text) == (200, True)
    assert BankSlip.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"cash_out": "10.01", "reason": "x"}, "Only $10.00 in cash"),
        ({"cash_out": "-1", "reason": "x"}, "greater than zero|negative|Enter"),
        ({"cash_out": "1.00"}, "Say what the cash was taken out for"),
        ({"line": []}, "Tick what goes to the bank"),
        ({"line": ["PAY-999"]}, "PAY-999 can’t go on this slip"),
        ({"first": "2999-01-01"}, "first day is after"),
        ({"last": "2999-01-01"}, "until today"),
        ({"location": "0"}, "Choose a location"),
        ({"seen": "7.7"}, "changed meanwhile"),
        ({"request_key": "x"}, "out of date"),
    ],
)
def test_wrong_form_says_so_and_makes_nothing(harbor, desk, more, words):
    payment = paid(harbor, 1000)
    status, text = desk.post("slip_new", sent(harbor, payment.ref) | more)
    assert status == 422
    assert any(one in text for one in words.split("|")), text
    assert not BankSlip.objects.exists()


def test_ticks_and_words_stay_on_a_refused_form(harbor, desk, client):
    first, second = paid(harbor, 1000), paid(harbor, 2000)
    form = sent(harbor, first.ref, cash_out="99.00", reason="Petty cash") | {"request_key": str(uuid.uuid4())}
    html = client.post(address(harbor.clinic, "slip_new"), form).content.decode()
    assert f'aria-label="{first.ref} to the bank" checked' in html
    assert f'aria-label="{second.ref} to the bank">' in html
    assert 'value="99.00"' in html


def test_draft_is_changed_and_what_came_since_is_not_ticked(harbor, desk):
    first = paid(harbor, 1000)
    drafted(harbor)
    later = paid(harbor, 500)
    desk.get("slip_new")
    assert "Change the draft" in desk.html
    assert f'aria-label="{first.ref} to the bank" checked' in desk.html
    assert f'aria-label="{later.ref} to the bank">' in desk.html
    status, _ = desk.post("slip_new", sent(harbor, later.ref))
    assert (status, [one.ref for one in items_on(BankSlip.objects.get())]) == (200, [later.ref])


def test_page_of_reversing_says_which_slip_and_owner_frees_it(harbor, desk):
    """Case C-7 at the desk: the page says why instead of offering a form."""
    payment = paid(harbor, 1000)
    printed(harbor)
    _, text = desk.get("payment_reverse", number=payment.number)
    assert f"{payment.ref} is on bank slip BS-001" in text
    assert desk.get("slip_void", number=1)[0] == 403
    desk.enter("olga")
    assert desk.post("slip_void", {"reason": ""}, number=1)[0] == 422
    _, text = desk.post("slip_void", {"reason": "Wrong bag"}, number=1)
    assert "Voided" in text
    assert "Wrong bag" in text
    assert "What went to the bank" not in text
    assert "can’t be reversed" not in desk.get("payment_reverse", number=payment.number)[1]
    assert "voided already" in desk.get("slip_void", number=1)[1]


def test_paper_of_a_voided_slip_says_void(harbor, desk, client):
    paid(harbor, 1000)
    slip = void_slip(printed(harbor), by=harbor.olga, reason="Wrong bag")
    assert "(VOID)" in pdf_words(client.get(address(harbor.clinic, "slip_pdf", number=slip.number)).content)


def test_discarded_draft_leads_back_to_the_list(harbor, desk):
    paid(harbor, 1000)
    drafted(harbor)
    _, text = desk.post("slip_discard", location=harbor.location.pk)
    assert "was discarded" in text
    _, text = desk.post("slip_print", {"seal": "x"}, location=harbor.location.pk)
    assert "no draft" in text
    assert "any more: it was printed or discarded meanwhile" in text
    assert "no draft" in desk.post("slip_discard", location=harbor.location.pk)[1]


def test_empty_places_say_so(harbor, desk):
    assert "No bank slip yet" in desk.get("slips")[1]
    assert "Nothing waits for the bank" in desk.get("slip_new")[1]
    Location.objects.create(name="Annex")
    for query in ("?location=", "?location=x", "?location=99999999999999999999", "?first=x", "?last=2999-01-01"):
        assert desk.get("slip_new", query)[0] in {200, 422}


def test_lists_leave_as_files(harbor, desk):
    payment = paid(harbor, 1000)
    printed(harbor)
    desk.get("slips_csv")
    head, row = csv.reader(io.StringIO(desk.html.lstrip("\ufeff")))
    assert (head[0], row[0], row[9], row[-1]) == ("Slip", "BS-001", "10.00", "Printed")
    desk.get("slip_csv", number=1)
    _, row = csv.reader(io.StringIO(desk.html.lstrip("\ufeff")))
    assert (row[0], row[-1]) == (payment.ref, "10.00")


@pytest.mark.usefixtures("counted")
def test_days_that_cross_are_told_and_filter_nothing(harbor, desk):
    paid(harbor, 1000)
    printed(harbor)
    _, text = desk.get("slips", "?on_after=2026-11-20&on_before=2026-11-01")
    assert "The first day is after the last one" in text
    assert "BS-001" in text


def test_draft_asks_as_often_for_many_lines(harbor, desk):
    counts = []
    for size in (1, 20):
        for _ in range(size):
            paid(harbor, 1000)
        drafted(harbor, seen=mark_of(draft_at(harbor.location)))
        with CaptureQueriesContext(connection) as asked:
            desk.get("slip_draft", location=harbor.location.pk)
        counts.append(len(asked))
    assert counts[0] == counts[1]
