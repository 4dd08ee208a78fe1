"""Apply All: exactly the filtered list, as one run with a result (S4.21, S4.30, S4.32)."""

import pytest

from balances.models import AutoApplyRun, Charge, Credit, Entry
from balances.services import hold_credit, undo_run
from balances.states import Source
from clinicpay.clinics.models import Location
from clinicpay.staff.access import Refused
from clinicpay.staff.models import Membership
from deposits.models import Reconciliation
from deposits.queries import Criteria
from deposits.services import Shown, apply_all, apply_row, go_on
from payments.services import GoingBack, refund_payment
from payments.states import Method, RefundReason
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left
from tests.deposits.scene import Page, a_deposit, an_insurer, page_of, signed_in
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


def owing(harbor, count: int, deposit: int = 700, owed: int = 1000, **more) -> list[Charge]:
    """Patients who each left a deposit and owe."""
    found = []
    for n in range(count):
        patient = a_patient(harbor, f"Patient {n}")
        a_deposit(harbor, patient, deposit, **more)
        found.append(a_charge(harbor, patient, owed))
    return found


def result(page: Page, answer) -> str:
    """The page to which Apply All leads."""
    assert answer.status_code == 302
    return Page(page.client, page.home).look(page.client.get(answer["Location"])).text


def test_s4_21_s4_30_apply_all_applies_the_filtered_list_and_nothing_else(harbor):
    """S4.21 in bulk; S4.30: what the filters leave out stays as it is, also at another location."""
    cards, cheques = owing(harbor, 3), owing(harbor, 2, method=Method.CHEQUE)
    hill = Location.objects.create(name="Hill Street")
    page = page_of(harbor, method="cheque")

    text = result(page, page.apply_all())

    assert left(*cards, *cheques) == [1000] * 3 + [300] * 2
    assert "$14.00" in text
    assert "to 2 invoices from 2 deposits" in text
    assert "still owes $3.00: its deposits are used up" in text
    assert AutoApplyRun.objects.get().source == Source.DEPOSIT_RECON
    assert page_of(harbor, location=hill.pk).rows == []
    assert not broken()


def test_what_was_not_applied_is_named_with_its_reason(harbor):
    """A remainder, and an invoice that still owes."""
    owing(harbor, 1, deposit=1500, owed=1000)
    page = page_of(harbor)

    text = result(page, page.apply_all())

    assert f"Nothing more at {harbor.location.name} is owed that it may pay." in text
    assert "$5.00" in text


def test_what_was_not_applied_is_listed_apart(harbor):
    """S4.21: of a long list an admin reads what is left to do, not what was done."""
    owing(harbor, 2)
    owing(harbor, 1, deposit=1000)
    page = page_of(harbor)
    answer = page.apply_all()

    both = page.client.get(answer["Location"]).content.decode()
    left_out = page.client.get(f"{answer['Location']}?show=left").content.decode()
    done = page.client.get(f"{answer['Location']}?show=applied").content.decode()

    assert [both.count("its deposits are used up"), both.count("The oldest deposit")] == [2, 3]
    assert [left_out.count("its deposits are used up"), left_out.count("The oldest deposit")] == [2, 0]
    assert [done.count("its deposits are used up"), done.count("The oldest deposit")] == [0, 3]
    assert page.client.get(f"{answer['Location']}?show=nonsense").status_code == 200


def test_money_held_for_nothing_in_particular_is_told_in_words(harbor):
    """Only a person may use it; an invoice that still owes shows no amount of 0.00."""
    [charge] = owing(harbor, 1)
    hold_credit(credit_of(a_payment(harbor, charge.account, 2000)), 2000, by=harbor.itself, criteria={})
    page = page_of(harbor)
    text = page.client.get(f"{page.apply_all()['Location']}?show=left").content.decode()
    assert "It is held for nothing in particular; only a person may use it" in text
    assert "$0.00" not in text.partition("<tbody>")[2].partition("</tbody>")[0]


def test_nothing_left_is_said(harbor):
    owing(harbor, 1, deposit=1000)
    page = page_of(harbor)
    text = page.client.get(f"{page.apply_all()['Location']}?show=left").content.decode()
    assert "Everything was applied" in text


def test_s4_32_apply_all_twice_applies_once(harbor):
    """S4.32: the second arrival of the form leads to the same run; an older list is told that it has changed."""
    charges = owing(harbor, 2)
    mine, hers = page_of(harbor), page_of(harbor, "olga")

    first, second = mine.apply_all(), mine.apply_all()
    told = hers.client.get(hers.apply_all()["Location"]).content.decode()

    assert first["Location"] == second["Location"]
    assert AutoApplyRun.objects.count() == 1
    assert left(*charges) == [300, 300]
    assert "The list is not what was shown" in told


def test_a_deposit_refunded_between_retrieve_and_apply_is_told_and_nothing_is_lost(harbor):
    [charge] = owing(harbor, 1)
    deposit = Credit.objects.get().payment
    page = page_of(harbor)
    refund_payment(deposit, GoingBack(500, RefundReason.OTHER, "Asked for it"), by=harbor.itself)

    row = page.client.get(page.apply(charge.invoice.ref)["Location"]).content.decode()
    everything = page.client.get(page.apply_all()["Location"]).content.decode()

    assert "had $7.00 left; $2.00 is left now" in row
    assert "The list is not what was shown" in everything
    assert left(charge) == [1000]
    assert "apply $2.00" in page_of(harbor).rows[0]
    assert not broken()


def test_nothing_to_apply_and_a_form_without_its_key(harbor):
    page = page_of(harbor)
    answer = page.send("apply-all/", {"seal": "x", "request_key": "no"})

    assert "This form is out of date" in page.client.get(answer["Location"]).content.decode()
    assert page.send("apply/", {}).status_code == 302
    assert AutoApplyRun.objects.count() == 0


def test_apply_all_without_a_location_says_so(harbor):
    page = page_of(harbor, location="")

    answer = page.send("apply-all/", {"seal": "x"})

    assert answer.status_code == 422
    assert "Choose the location of the invoices" in answer.content.decode()


@pytest.fixture
def short(monkeypatch):
    """Lists of two rows, batches of three deposits: a list of ten is a worker's."""
    monkeypatch.setattr("deposits.views.reconcile.LISTED", 2)
    monkeypatch.setattr("deposits.services.bulk.CHUNK", 3)


def test_a_long_list_is_a_job_with_progress_that_can_be_stopped(harbor, short):
    """Its page shows how far it is; what is applied stays; the rest stays as it was."""
    charges = owing(harbor, 10)
    page = page_of(harbor)
    assert "The first 2 open invoices" in page.text
    answer = page.apply_all()
    run = AutoApplyRun.objects.get()
    assert "At work" in result(page, answer)
    assert go_on(run.pk)

    part = page.client.get(f"{answer['Location']}progress/", headers={"HX-Request": "true"}).content.decode()
    page.client.post(f"{answer['Location']}stop/")
    text = result(page, answer)

    assert "3 of 10" in part
    assert not go_on(run.pk)
    assert left(*charges) == [300] * 3 + [1000] * 7
    assert "after 3 of 10 deposits" in text
    assert "Stopped early" in text
    assert "nothing of them was applied" in text
    assert page.retrieve(rows="all").invoices == [charge.invoice.ref for charge in charges[3:]]
    again = page.client.post(f"{answer['Location']}stop/", follow=True).content.decode()
    assert "This run was over already" in again


def test_what_a_stopped_run_left_has_not_changed(harbor, short, monkeypatch):
    """It was listed and not applied because somebody stopped the run; nobody else was faster."""
    monkeypatch.setattr("deposits.services.bulk.CHUNK", 1)
    charges = owing(harbor, 4)
    page = page_of(harbor)
    answer = page.apply_all()
    assert go_on(AutoApplyRun.objects.get().pk)
    page.client.post(f"{answer['Location']}stop/")
    assert left(*charges) == [300] + [1000] * 3
    assert "It changed meanwhile" not in result(page, answer)


def test_worker_stands_still_once_who_asked_may_not(harbor, short):
    charges = owing(harbor, 10)
    page_of(harbor).apply_all()
    run = AutoApplyRun.objects.get()
    Membership.objects.filter(pk=harbor.adam.pk).update(role="reception")
    with pytest.raises(Refused):
        go_on(run.pk)
    assert left(*charges) == [1000] * 10


def test_a_long_list_is_applied_chunk_by_chunk_as_it_would_be_at_once(harbor, short):
    charges = owing(harbor, 10)
    page = page_of(harbor)
    answer = page.apply_all()
    late = owing(harbor, 1)  # was on no list
    run = AutoApplyRun.objects.get()

    while go_on(run.pk):
        pass

    assert left(*charges, *late) == [300] * 10 + [1000]
    assert "to 10 invoices from 10 deposits" in result(page, answer)
    undo_run(AutoApplyRun.objects.get(), by=harbor.itself, reason="Wrong list")
    assert left(*charges) == [1000] * 10
    assert not broken()


def test_what_changed_after_the_list_was_shown_is_named(harbor, short):
    """A refund at the desk between two chunks: the run applies what is left, and says so."""
    charges = owing(harbor, 10)
    page = page_of(harbor)
    answer = page.apply_all()
    refund_payment(Credit.objects.earliest("pk").payment, GoingBack(700, RefundReason.OTHER, "x"), by=harbor.itself)
    run = AutoApplyRun.objects.get()

    while go_on(run.pk):
        pass

    text = result(page, answer)
    assert f"{charges[0].invoice.ref}: $7.00 was to be applied, $0.00 was. It changed meanwhile." in text
    assert left(*charges) == [1000] + [300] * 9


def test_of_much_that_changed_the_first_is_said_and_the_rest_folded(harbor):
    """Two press Apply All: the later result stays short, and leaves out nothing."""
    charges = owing(harbor, 7)
    page = page_of(harbor)
    answer = page.apply_all()
    missed = [f"{charge.invoice.ref} changed" for charge in charges]
    Reconciliation.objects.update(missed=missed)

    before, _, folded = result(page, answer).partition("The other 2</summary>")

    assert [words in before for words in missed] == [True] * 5 + [False] * 2
    assert all(words in folded for words in missed[5:])


def test_an_insurers_many_invoices_are_gone_through_in_turns(harbor, monkeypatch):
    """More of one payer's patients than are looked at together."""
    monkeypatch.setattr("deposits.queries.usable.OF_A_PAYER", 2)
    people = [a_patient(harbor, f"Patient {n}") for n in range(7)]
    insurer = an_insurer(harbor, "Delta", *people)
    a_deposit(harbor, people[0], 5500, account=insurer)
    charges = [a_charge(harbor, one, 1000) for one in people]
    page = page_of(harbor, kind="insurance")

    run = apply_all(Criteria(harbor.location, kind="insurance"), Shown(200, page.all_form["seal"]), by=harbor.itself)

    assert left(*charges) == [0] * 5 + [500, 1000]
    assert run.allocated == 5500
    assert not broken()


def test_applied_in_bulk_is_what_row_by_row_would_do(harbor):
    """The same entries, whichever button."""
    owing(harbor, 4)
    page = page_of(harbor)
    rows = page.invoices
    for ref in rows[:2]:
        page.apply(ref)
    page_of(harbor).apply_all()

    assert applied() == [700] * 4
    assert Entry.objects.filter(kind="allocate").values("posting__source").distinct().count() == 1


@pytest.mark.parametrize("who", ["rita", "petra"])
def test_services_ask_again_who_may(harbor, who):
    owing(harbor, 1)
    with pytest.raises(Refused):
        apply_all(Criteria(harbor.location), Shown(200, ""), by=harbor.members[who])
    with pytest.raises(Refused):
        apply_row(None, by=harbor.members[who])


def test_another_clinics_row_is_no_plan_here(harbor, lakeside):
    [charge] = owing(harbor, 1)
    page = page_of(harbor)
    plan = page.form_of(charge.invoice.ref)
    other = signed_in(lakeside.adam)

    other.post("/c/lakeside/deposits/apply/", plan)

    assert left(charge) == [1000]
    assert Reconciliation.objects.count() == 0
    assert credit_of(Credit.objects.get().payment).available == 700
