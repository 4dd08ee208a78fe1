"""The trail and the histories as people read them."""

import csv
import io

import pytest

from balances.services import make_exception, undo_allocation
from clinicpay.audit.models import AuditEvent
from clinicpay.audit.services import record
from clinicpay.clinics.scope import clinic_scope
from clinicpay.trail.actions import ACTIONS
from clinicpay.trail.filters import ACTS
from clinicpay.trail.history import history
from payments.services import reverse_payment
from tests.access.samples import HTMX, Words
from tests.balances.packages import a_package, treatments
from tests.factories import a_patient, a_payment, an_event, an_invoice
from treatments.models import PriceItem

pytestmark = pytest.mark.django_db


def _said(record_, reader) -> list[str]:
    return [f"{line.who} {line.text}" for line in history(record_, reader)]


def _text(response) -> str:
    assert response.status_code == 200
    return Words(response.content.decode()).text


@pytest.fixture
def billed(harbor):
    """An invoice of two charges, partly paid; the payment's allocation was undone and it was reversed."""
    patient = a_patient(harbor)
    invoice = an_invoice(harbor, patient, 12000, 8000)
    first, second = invoice.charges.order_by("line")
    payment = a_payment(harbor, patient.account, 15000, (first, 12000), (second, 3000), patient=patient)
    entry = second.entries.get(kind="allocate")
    undo_allocation(entry.pk, by=harbor.rita, reason="Wrong visit")
    reverse_payment(payment, by=harbor.rita, reason="Entered twice")
    return invoice, payment, patient


def test_history_of_an_invoice_sums_what_one_act_did_to_it(harbor, billed):
    invoice, payment, _ = billed

    assert _said(invoice, harbor.rita) == [
        f"Rita took back $120.00 of {payment.ref} from {invoice.ref}",
        f"Rita took back $30.00 of {payment.ref} from {invoice.ref}",
        f"Rita applied $150.00 of {payment.ref} to {invoice.ref}",
        f"Rita billed $200.00 on {invoice.ref}",
    ]
    assert [line.reason for line in history(invoice, harbor.rita)][:2] == ["Entered twice", "Wrong visit"]


def test_history_of_a_payment_has_its_money_and_its_acts(harbor, billed):
    _, payment, _ = billed

    assert f"Rita (Reception) reversed {payment.ref}, which was entered in error" in _said(payment, harbor.rita)
    assert f"Rita received $150.00 as {payment.ref}" in _said(payment, harbor.rita)
    changed = [line.changes for line in history(payment, harbor.rita) if "reversed" in line.text]
    assert changed == [["Status: paid → voided"]]


def test_history_of_a_receipt_has_its_payments_too(harbor, billed):
    _, payment, _ = billed

    assert _said(payment.receipt, harbor.rita) == [
        f"Rita (Reception) reversed {payment.ref}, which was entered in error",
        f"Tests recorded $150.00 in cash on {payment.receipt.ref}",
    ]


def test_history_of_a_patient_is_clinical_for_a_practitioner(harbor, billed):
    invoice, _, patient = billed

    assert any("recorded $150.00" in text for text in _said(patient, harbor.rita))
    assert _said(patient, harbor.petra) == [
        f"Tests set {invoice.event.ref} to clinically closed",
        f"Tests scheduled {invoice.event.ref}",
        "Tests added Ethan Park as a patient",
    ]


def test_history_of_an_account_tells_its_totals(harbor, billed):
    _, _, patient = billed

    changed = [change for line in history(patient.account, harbor.rita) for change in line.changes]

    assert "Owes: $200.00 → $50.00" in changed
    assert "Owes: $0.00 → $200.00" in changed


def test_look_is_no_part_of_a_history(harbor, client):
    patient = a_patient(harbor)
    client.force_login(harbor.rita.user)
    client.get(f"/c/harbor/patients/{patient.ref}/")

    assert _said(patient, harbor.rita) == ["Tests added Ethan Park as a patient"]


def test_history_beside_a_record_is_short_and_its_page_is_whole(harbor, client):
    patient = a_patient(harbor)
    for number in range(9):
        an_event(harbor, patient, 100, title=f"Visit {number}")
    client.force_login(harbor.rita.user)
    place = f"/c/harbor/patients/{patient.ref}/history/"

    beside, page = client.get(place, headers=HTMX), client.get(place)

    assert (_text(beside).count("scheduled"), _text(page).count("scheduled")) == (6, 9)
    assert "Show 4 more" in _text(beside)
    assert "<html" not in beside.content.decode()


def test_history_of_settings_tells_what_was_changed_there(harbor, client):
    client.force_login(harbor.adam.user)
    client.post("/c/harbor/settings/prices/", {"code": "D1", "description": "Exam", "fee": "75.00"})
    price = PriceItem.objects.get(code="D1").pk
    client.post(f"/c/harbor/settings/prices/{price}/", {"description": "Exam", "fee": "80.00"})
    client.post(f"/c/harbor/settings/prices/{price}/active/", {"active": "0"})

    words = _text(client.get("/c/harbor/settings/prices/history/"))

    assert "Adam (Admin) set the fee of D1 Exam" in words
    assert "Fee: $75.00 → $80.00" in words
    assert "Offered: yes → no" in words
    assert client.get("/c/harbor/settings/nothing/history/").status_code == 404


def test_history_of_a_page_about_the_clinic_tells_of_what_that_page_sets(harbor, client):
    client.force_login(harbor.adam.user)
    kept = {"name": "Harbor Clinic", "address": "", "phone": "", "timezone": "America/New_York", "paper": "letter"}
    kept["seen"] = "America/New_York 4"
    said = {
        "refunds": ("refunds", {"limit": "50.00"}, "changed what billing refunds by itself"),
        "promises": ("promises", {"days": "3"}, "changed the grace of promises"),
        "checks": ("insurance-checks", {"days": "20"}, "changed when an insurance check is old"),
        "own-fields": ("own-fields", {"custom_1": "Case", "custom_2": ""}, "named the clinic’s own fields"),
        "business-day": ("clinic", kept | {"day_starts_at": 4}, "changed how the clinic is called, reached or dated"),
        "sign-in": ("sign-in", {"two_step": "nobody", "idle_minutes": "20"}, "changed how people sign in"),
    }
    for place, sent, _words in said.values():
        client.post(f"/c/harbor/settings/{place}/", sent)
    client.post("/c/harbor/settings/clinic/", kept | {"day_starts_at": 4, "phone": "555 0100"})

    def told(section):
        page = _text(client.get(f"/c/harbor/settings/{section}/history/"))
        return {words for *_, words in said.values() if words in page}

    assert {section: told(section) for section in said} == {section: {words} for section, (*_, words) in said.items()}
    assert "555 0100" not in _text(client.get("/c/harbor/settings/business-day/history/"))
    assert told("clinic") == {words for *_, words in said.values()}


@pytest.mark.parametrize("who", ["rita", "bill", "petra"])
def test_trail_is_for_admins_and_owners(harbor, client, who):
    client.force_login(getattr(harbor, who).user)

    refused = client.get("/c/harbor/settings/trail/")

    assert refused.status_code == 403
    assert "Admin or Owner" in refused.content.decode()


@pytest.fixture
def adam(harbor, client):
    client.force_login(harbor.adam.user)
    return client


def test_trail_shows_before_after_and_why(harbor, billed, adam):
    _, payment, _ = billed
    words = _text(adam.get("/c/harbor/settings/trail/"))

    assert f"Reversed {payment.ref}, which was entered in error" in words
    assert "Status: paid → voided" in words
    assert "Entered twice" in words


def test_trail_is_narrowed_down(harbor, billed, adam, client):
    _, payment, patient = billed
    other = a_patient(harbor, "Víctor", "Reyes")
    adam.get(f"/c/harbor/patients/{patient.ref}/")
    trail = "/c/harbor/settings/trail/"

    about = {
        f"q={patient.ref}": "Added Ethan Park as a patient",
        "q=park": "Added Ethan Park as a patient",
        f"q={payment.ref}": "Reversed",
        "what=looks": "Looked at Ethan Park",
        "kind=patients.account": "Billed charges",
        "person=0": "Added Víctor",
        f"person={harbor.adam.user_id}": "Looked at",
        "on_after=2026-01-01": "Added Víctor",
    }
    for asked, expected in about.items():
        if asked != "person=0":
            assert expected in _text(adam.get(f"{trail}?{asked}")), asked
    for asked in (f"q={patient.ref}", "q=park", f"q={payment.ref}", "on_before=2020-01-01", "kind=staff.membership"):
        assert other.name not in _text(adam.get(f"{trail}?{asked}")), asked
    assert "Looked at" not in _text(adam.get(f"{trail}?what=changes"))
    assert "Added" not in _text(adam.get(f"{trail}?what=refused"))


NONSENSE = ["q=%00", "%00=1", "q=PAY-99999999999999999999", "person=x", "on_after=never", "after=zz", "page=-1"]


@pytest.mark.parametrize("asked", NONSENSE)
def test_trail_answers_nonsense_in_words(adam, asked):
    assert adam.get(f"/c/harbor/settings/trail/?{asked}").status_code == 200


def test_long_trail_moves_by_keyset(harbor, adam):
    with clinic_scope(harbor.clinic):
        AuditEvent.objects.bulk_create(
            AuditEvent(actor=f"Actor {number}", action="location.added", subject_type="x", subject_id=1, subject="x")
            for number in range(1100)
        )

    page = adam.get("/c/harbor/settings/trail/").content.decode()

    assert "1,000+" in page
    assert "after=" in page


def test_proof_shows_the_head_to_copy(harbor, adam):
    record("location.added", harbor.location, by=harbor.rita)

    page = adam.get("/c/harbor/settings/trail/proof/")

    assert "Nothing sealed yet" in _text(page)
    assert "Lines not yet sealed" in _text(page)


def test_trail_is_narrowed_down_by_kind_of_act(harbor, billed, adam):
    trail = "/c/harbor/settings/trail/"

    payments = _text(adam.get(f"{trail}?act=payments"))
    patients = _text(adam.get(f"{trail}?act=patients"))

    assert "Reversed" in payments
    assert "Added Ethan Park" not in payments
    assert "Added Ethan Park" in patients


def test_trail_finds_a_package_and_its_exceptions(harbor, adam):
    package = a_package(harbor, a_patient(harbor))
    make_exception(treatments(package)[0], by=harbor.itself, note="Agreed by the owner")
    trail = "/c/harbor/settings/trail/"

    assert f"Agreed on {package.ref}" in _text(adam.get(f"{trail}?q={package.ref}"))
    assert f"Agreed on {package.ref}" in _text(adam.get(f"{trail}?kind=treatments.package"))
    acts = _text(adam.get(f"{trail}?act=treatments"))
    assert f"Agreed on {package.ref}" in acts
    assert "as an exception: Agreed by the owner" in acts


def test_every_act_is_of_a_kind_that_the_filter_knows():
    """Acts on the ledger are told by account; who looked has a choice of its own."""
    known = {prefix for _, prefixes in ACTS.values() for prefix in prefixes}

    assert {name.partition(".")[0] for name in ACTIONS} - known == {"access", "list", "record"}
    assert known <= {name.partition(".")[0] for name in ACTIONS}


def test_trail_leaves_as_a_file_and_that_leaves_a_line(harbor, billed, adam):
    """C2: the file has what is filtered; who took it stands in the trail, with how it was narrowed down."""
    _, payment, _ = billed
    AuditEvent.objects.create(actor="=cmd()", action="access.refused", subject_type="page", subject_id=0, subject="x")

    answer = adam.get(f"/c/harbor/settings/trail/export.csv?q={payment.ref}")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))

    assert [row["What"] for row in rows] == [f"reversed {payment.ref}, which was entered in error"]
    assert (rows[0]["Reason"], rows[0]["Changes"]) == ("Entered twice", "Status: paid → voided")
    line = AuditEvent.objects.latest("pk")
    assert (line.action, line.subject, line.after) == (
        "list.exported",
        "trail_csv",
        {"asked": {"q": payment.ref}, "rows": 1},
    )
    everything = adam.get("/c/harbor/settings/trail/export.csv").getvalue().decode()
    assert "\"'=cmd()" in everything
    assert "Took a copy of the trail as CSV" in _text(adam.get("/c/harbor/settings/trail/?what=copies"))


def test_too_long_a_trail_is_narrowed_down_first(harbor, adam, monkeypatch):
    monkeypatch.setattr("clinicpay.trail.export.MOST", 2)
    for _ in range(3):
        record("location.added", harbor.location, by=harbor.rita)

    answer = adam.get("/c/harbor/settings/trail/export.csv")

    assert answer.status_code == 409
    assert "Narrow the trail down" in answer.content.decode()


@pytest.mark.parametrize("who", ["rita", "bill", "petra"])
def test_file_of_the_trail_is_for_admins_and_owners(harbor, client, who):
    client.force_login(getattr(harbor, who).user)

    assert client.get("/c/harbor/settings/trail/export.csv").status_code == 403
