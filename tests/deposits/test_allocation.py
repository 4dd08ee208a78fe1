"""Payment Allocation: the filters, what is listed, and Apply on a row (S4.1–S4.22, S4.30–S4.33)."""

from datetime import timedelta

import pytest

from balances.models import Entry, Posting
from balances.services import hold_credit
from balances.states import EntryKind, Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from payments.services import record_payment
from payments.services.desk import Order, Tender
from payments.states import Method
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left
from tests.deposits.scene import Page, a_deposit, a_guarded, an_insurer, page_of, signed_in
from tests.factories import a_charge, a_patient, a_payment, an_invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def hill(harbor):
    """A second location."""
    return Location.objects.create(name="Hill Street")


def days_ago(harbor, days: int):
    return clock.today(harbor.clinic) - timedelta(days=days)


def test_s4_1_s4_2_s4_15_deposit_before_treatment_stands_beside_the_invoice_that_came_later(harbor):
    """S4.1, S4.2, S4.15: paid ahead, treated, billed, never applied; S4.31: with amounts, dates and numbers."""
    ethan = a_patient(harbor)
    deposit = a_deposit(harbor, ethan, 15000)
    invoice = an_invoice(harbor, ethan, 10000)

    page = page_of(harbor)

    [row] = page.rows
    for words in (
        "Ethan Park",
        invoice.ref,
        invoice.event.ref,
        "$100.00",
        deposit.ref,
        "$150.00",
        "taken at",
        "2026",
        "apply $100.00",
    ):
        assert words in row
    assert harbor.location.name in row


def test_s4_3_opened_from_the_receipts_page_with_the_family_as_context(harbor):
    """S4.3: View → Deposits Reconciliation."""
    mia = a_guarded(harbor, "Mia", "Grace Park")
    client = signed_in(harbor.adam)
    receipts = client.get(f"/c/harbor/patients/{mia.ref}/receipts/").content.decode()
    assert "Deposits Reconciliation" in receipts
    assert f'href="/c/harbor/deposits/?patient={mia.ref}"' in receipts

    page = Page(client, harbor).look(client.get(f"/c/harbor/deposits/?patient={mia.ref}"))

    assert f'<option value="{mia.account.ref}" selected>Grace Park' in page.text
    assert '<option value="guardian" selected>Guardian' in page.text
    assert f"/c/harbor/patients/{mia.ref}/receipts/" in page.text  # S4.22: Exit leads back


def test_s4_4_s4_5_s4_22_opened_from_management(harbor):
    """S4.4: Management > Deposits; S4.5: the tab; S4.14: nothing is listed before Retrieve; S4.22: Exit."""
    client = signed_in(harbor.bill)
    a_deposit(harbor, a_patient(harbor), 100)

    page = Page(client, harbor).look(client.get("/c/harbor/deposits/"))

    assert page.status == 200
    assert 'href="/c/harbor/deposits/"' in client.get("/c/harbor/today/").content.decode()
    assert 'aria-current="page">Payment Allocation' in page.text
    assert "Nothing is listed yet" in page.text
    assert not page.rows
    assert page.text.count(">Exit<") or "Exit</a>" in page.text


@pytest.mark.parametrize("who", ["rita", "petra"])
def test_reception_and_practitioners_have_neither_page_nor_menu(harbor, who):
    client = signed_in(harbor.members[who])

    assert client.get("/c/harbor/deposits/").status_code == 403
    patient = a_patient(harbor)
    for place in ("/c/harbor/today/", f"/c/harbor/patients/{patient.ref}/receipts/"):
        assert "/c/harbor/deposits/" not in client.get(place).content.decode()


def test_s4_6_s4_33_exactly_one_location_and_it_is_the_invoices(harbor, hill):
    """S4.6; S4.33, C17: the deposit may have been taken anywhere, and says where."""
    ethan = a_patient(harbor)
    here, there = an_invoice(harbor, ethan, 1000), an_invoice(harbor, ethan, 2000, location=hill)
    a_deposit(harbor, ethan, 9000, location=hill)

    assert page_of(harbor).invoices == [here.ref]
    assert "taken at Hill Street" in page_of(harbor).rows[0]
    assert page_of(harbor, location=hill.pk).invoices == [there.ref]

    without = page_of(harbor, location="")
    assert without.status == 422
    assert "Choose the location of the invoices: one at a time." in without.text
    assert page_of(harbor, location="999999").status == 422


def test_s4_7_deposit_type_is_the_payment_method(harbor):
    """S4.7, C13."""
    paid = {}
    for method in (Method.CARD, Method.CHEQUE):
        patient = a_patient(harbor, method.label)
        a_deposit(harbor, patient, 500, method=method)
        paid[method] = an_invoice(harbor, patient, 1000).ref

    assert page_of(harbor, method="cheque").invoices == [paid[Method.CHEQUE]]
    assert page_of(harbor).invoices == list(paid.values())
    assert page_of(harbor, method="gold").status == 422


def parties(harbor) -> dict[str, tuple[Account, str]]:
    """Of each kind two payers who left a deposit, with the invoice that it may pay."""
    found = {}
    for n in (1, 2):
        own, guarded = a_patient(harbor, f"Own{n}"), a_guarded(harbor, f"Child{n}", f"Guardian {n}")
        worker, insured = a_patient(harbor, f"Worker{n}"), a_patient(harbor, f"Insured{n}")
        boss = an_insurer(harbor, f"Employer {n}", worker, kind=Account.Kind.THIRD_PARTY)
        insurer = an_insurer(harbor, f"Insurer {n}", insured)
        for patient, payer in ((own, own.account), (guarded, guarded.account), (worker, boss), (insured, insurer)):
            a_deposit(harbor, patient, 700, account=payer)
            found[f"{payer.kind}{n}"] = payer, an_invoice(harbor, patient, 1000).ref
    return found


def test_s4_8_to_s4_13_responsible_party(harbor):
    """S4.8 family, S4.9 third party, S4.10 insurance; S4.12: blank is any of that kind; S4.13: only the one chosen."""
    found = parties(harbor)
    for kind in ("patient", "guardian", "third_party", "insurance"):
        both = [found[f"{kind}{n}"][1] for n in (1, 2)]
        assert page_of(harbor, kind=kind).invoices == both
        assert page_of(harbor, kind=kind, party=found[f"{kind}2"][0].ref).invoices == both[1:]
    assert len(page_of(harbor).invoices) == 8


@pytest.mark.parametrize(
    ("kind", "label"),
    [("patient", "Patient"), ("guardian", "Guardian"), ("third_party", "Third Party"), ("insurance", "Insurance")],
)
def test_s4_11_label_of_the_next_field_follows_the_choice(harbor, kind, label):
    """S4.11, S4.12: the label and the blank choice."""
    client = signed_in(harbor.adam)
    headers = {"HX-Request": "true", "HX-Target": "party-field"}

    part = client.get("/c/harbor/deposits/", {"kind": kind}, headers=headers).content.decode()

    assert f'for="id_party">{label}</label>' in part
    assert f">Any {label}</option>" in part
    assert f"/c/harbor/deposits/parties/{kind}/" in part
    assert "<html" not in part


def test_field_to_type_into_offers_that_kind_alone(harbor):
    found = parties(harbor)
    client = signed_in(harbor.adam)

    answer = client.get("/c/harbor/deposits/parties/insurance/", {"q": "Insurer"}).json()["results"]
    assert [one["value"] for one in answer] == [found["insurance1"][0].ref, found["insurance2"][0].ref]
    assert client.get("/c/harbor/deposits/parties/third_party/", {"q": "Insurer"}).json()["results"] == []


def test_party_of_the_wrong_kind_is_told(harbor):
    found = parties(harbor)

    page = page_of(harbor, kind="insurance", party=found["patient1"][0].ref)

    assert page.status == 422
    assert "is a patient, not an insurance. Choose another Responsible Party" in page.text
    assert "There is nobody with this number" in page_of(harbor, party="AC-999").text
    assert page_of(harbor, kind="banker").status == 422


def test_the_party_is_who_paid_the_deposit(harbor):
    """A family's pre-payment that an insurer paid for them is the insurer's."""
    ethan = a_patient(harbor)
    insurer = an_insurer(harbor, "Delta", ethan)
    charge = a_charge(harbor, ethan, 1000)
    order = Order(harbor.location, [Tender(Method.CARD, 800)], patient=ethan, payer=insurer)
    receipt = record_payment(ethan.account, order, by=harbor.itself)
    hold_credit(credit_of(receipt.payments.get()), 800, by=harbor.itself, criteria={"procedure": charge.code})

    assert page_of(harbor, kind="insurance", party=insurer.ref).invoices == [charge.invoice.ref]
    assert page_of(harbor, kind="patient").invoices == []


def test_s4_16_s4_17_s4_19_apply_covers_and_the_remainder_stays(harbor):
    """S4.16; S4.17: the row leaves; S4.19: what is left of the deposit can be used."""
    ethan = a_patient(harbor)
    deposit, charge = a_deposit(harbor, ethan, 15000), a_charge(harbor, ethan, 10000)
    page = page_of(harbor)

    answer = page.apply(charge.invoice.ref)

    assert answer.status_code == 302
    assert (left(charge), credit_of(deposit).available) == ([0], 5000)
    assert page_of(harbor).rows == []
    assert set(Posting.objects.filter(kind="allocate").values_list("source", flat=True)) == {Source.DEPOSIT_RECON}
    assert not broken()


def test_s4_18_a_smaller_deposit_leaves_the_row_with_its_reduced_balance(harbor):
    """S4.18: the invoice still stands there while another deposit may pay it."""
    ethan = a_patient(harbor)
    a_deposit(harbor, ethan, 3000)
    charge = a_charge(harbor, ethan, 10000)
    page = page_of(harbor)
    a_deposit(harbor, ethan, 2000)  # after Retrieve: this row does not know it

    page.apply(charge.invoice.ref)

    assert left(charge) == [7000]
    [row] = page_of(harbor).rows
    assert "$70.00" in row
    assert "apply $20.00" in row


def test_case_a_30_deposit_100_on_an_invoice_of_500(harbor):
    """A-30: 400 are left of the invoice; what is more than the deposit can't be asked for."""
    ethan = a_patient(harbor)
    a_deposit(harbor, ethan, 10000)
    charge = a_charge(harbor, ethan, 50000)

    page = page_of(harbor)
    assert "apply $100.00 ; $400.00 stay owed" in page.rows[0]
    page.apply(charge.invoice.ref)

    assert left(charge) == [40000]
    assert page_of(harbor).rows == []  # no deposit is left beside it
    forged = page.form_of(charge.invoice.ref)["plan"].replace("x", "y")[:-2] + "zz"
    assert page.apply(charge.invoice.ref, plan=forged).status_code == 302
    assert left(charge) == [40000]


def test_case_a_27_a_guarantor_pays_500_for_two_patients(harbor):
    """A-27: 200.00 and 300.00, both under one payment."""
    mia = a_guarded(harbor, "Mia", "Grace Park")
    noah = a_patient(harbor, "Noah", account=mia.account)
    deposit = a_deposit(harbor, mia, 50000)
    charges = [a_charge(harbor, mia, 20000), a_charge(harbor, noah, 30000)]

    page_of(harbor, kind="guardian").apply_all()

    assert left(*charges) == [0, 0]
    assert applied(credit__payment=deposit) == [20000, 30000]
    assert credit_of(deposit).available == 0


def test_c18_oldest_deposit_pays_the_oldest_invoice_and_a_shared_one_is_counted_down(harbor):
    """C18: one deposit over several rows, in row order."""
    ethan = a_patient(harbor)
    new = a_charge(harbor, ethan, 4000, on=days_ago(harbor, 1))
    old = a_charge(harbor, ethan, 3000, on=days_ago(harbor, 9))
    third = a_charge(harbor, ethan, 900)
    first, second = a_deposit(harbor, ethan, 5000), a_deposit(harbor, ethan, 2000)

    page = page_of(harbor)

    assert page.invoices == [old.invoice.ref, new.invoice.ref, third.invoice.ref]
    assert "apply $30.00" in page.rows[0]
    assert f"{first.ref} $20.00 of $50.00, after the rows above" in page.rows[1]
    assert f"{second.ref} $20.00 left" in page.rows[1]
    assert "apply $40.00" in page.rows[1]
    assert "nothing: the rows above use these deposits up" in page.rows[2]
    page.apply_all()
    assert left(old, new, third) == [0, 0, 900]
    assert applied(credit__payment=first) == [3000, 2000]
    assert applied(credit__payment=second) == [2000]


def test_insurers_money_pays_only_who_lists_it(harbor):
    ethan, mia, noah = (a_patient(harbor, name) for name in ("Ethan", "Mia", "Noah"))
    insurer = an_insurer(harbor, "Delta", ethan, mia)
    a_deposit(harbor, ethan, 5000, account=insurer)
    owed = [a_charge(harbor, one, 3000, on=days_ago(harbor, 5 - n)) for n, one in enumerate((noah, mia, ethan))]

    page = page_of(harbor, kind="insurance")

    assert page.invoices == [owed[1].invoice.ref, owed[2].invoice.ref]
    page.apply_all()
    assert left(*owed) == [3000, 0, 1000]
    assert not broken()


def test_pre_payments_are_used_when_they_match_and_told_when_they_do_not(harbor):
    """Never for something else; the page says how much is held back, and where to look."""
    ethan, mia = a_patient(harbor), a_patient(harbor, "Mia")
    charge, other = a_charge(harbor, ethan, 3000), a_charge(harbor, mia, 3000)
    for patient, code in ((ethan, charge.code), (mia, "D9999")):
        money = credit_of(a_payment(harbor, patient.account, 2000))
        hold_credit(money, 2000, by=harbor.itself, criteria={"procedure": code})

    page = page_of(harbor)

    assert page.invoices == [charge.invoice.ref]
    assert "pre-payment that matches" in page.rows[0]
    assert "$20.00</span> in 1 pre-payment of people who owe" in page.text or "$20.00 in 1 pre-payment" in page.text
    assert "/c/harbor/pre-payments/" in page.text
    page.apply_all()
    assert left(charge, other) == [1000, 3000]


def test_unapplied_payments_are_no_deposits(harbor):
    """C13: a payment's remainder is allocated on Transactions or by Auto-Apply."""
    ethan = a_patient(harbor)
    a_charge(harbor, ethan, 3000)
    a_payment(harbor, ethan.account, 2000)

    assert page_of(harbor).rows == []
    assert "No deposit waits for an open invoice" in page_of(harbor).text


def test_s4_20_print_gives_the_list_with_its_filters(harbor):
    """S4.20: the page prints itself, and says on paper what was asked."""
    ethan = a_patient(harbor)
    a_deposit(harbor, ethan, 100)
    a_charge(harbor, ethan, 3000)

    page = page_of(harbor, method="card", kind="patient", party=ethan.account.ref)

    assert "data-print" in page.text
    assert "Deposit Type: Card · Responsible Party: Patient · Patient: Ethan Park" in page.text


def test_s4_20_print_of_a_list_that_is_cut_asks_for_the_whole_first(harbor, monkeypatch):
    """S4.20: by its address the printer is asked once it is there."""
    monkeypatch.setattr("deposits.views.reconcile.LISTED", 2)
    for name in ("Ethan", "Mia", "Zoe"):
        patient = a_patient(harbor, name)
        a_deposit(harbor, patient, 100)
        a_charge(harbor, patient, 3000)

    cut, whole = page_of(harbor), page_of(harbor, rows="all")

    assert f'href="?location={harbor.location.pk}&retrieve=1&rows=all#print"' in cut.text
    assert (len(cut.rows), len(whole.rows)) == (2, 3)
    assert '#print"' not in whole.text
    assert "data-print" in whole.text


def test_s4_32_a_double_click_applies_once(harbor):
    """S4.32: the same form twice, and an older page after another's Apply."""
    ethan = a_patient(harbor)
    deposit, charge = a_deposit(harbor, ethan, 9000), a_charge(harbor, ethan, 2000)
    mine, hers = page_of(harbor), page_of(harbor, "olga")

    for _ in range(2):
        assert mine.apply(charge.invoice.ref).status_code == 302
    told = hers.client.get(hers.apply(charge.invoice.ref)["Location"]).content.decode()

    assert applied() == [2000]
    assert credit_of(deposit).available == 7000
    assert "nothing was saved" in told
    assert Entry.objects.filter(kind=EntryKind.ALLOCATE).count() == 1


def test_part_of_the_page_comes_again_after_apply(harbor):
    ethan = a_patient(harbor)
    a_deposit(harbor, ethan, 9000)
    charge = a_charge(harbor, ethan, 2000)
    page = page_of(harbor)
    place = f"{page.at}apply/?location={harbor.location.pk}&retrieve=1"
    headers = {"HX-Request": "true", "HX-Target": "results"}

    answer = page.client.post(place, page.form_of(charge.invoice.ref), headers=headers)
    again = page.client.post(place, page.form_of(charge.invoice.ref) | {"plan": ""}, headers=headers)

    assert answer.status_code == 200
    assert "No deposit waits" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "This form is out of date" in again.content.decode()
