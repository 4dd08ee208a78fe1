"""A morning is confirmed, the day closes ten short, a late refund lands in the next day, the owner opens it again."""

import io
from datetime import date, timedelta

from django.test import Client
from pypdf import PdfReader

from balances.checks import run_checks
from balances.services import complete_event
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import totals_of_day
from clinicpay.close.reviews import confirm, review
from payments.models import Payment
from payments.services import GoingBack, refund_payment
from payments.states import Method, RefundReason
from tests.close.desk import Desk
from tests.factories import Clinicful, a_patient, a_payment, an_event, some_evidence

DRAWER = {10000: 2, 2000: 1, 1000: 1, 200: 1, 25: 2}
"""232.50, of the 242.50 that were taken."""


def a_confirmed_treatment(home: Clinicful, day: date, fee: int, **how: object) -> None:
    """Completed, paid, reviewed and confirmed with evidence, all by reception (S0.28–S0.34)."""
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        event = an_event(home, patient, fee, service_at=clock.noon(home.clinic, day))
        complete_event(event, by=home.rita)
        a_payment(home, patient.account, fee, (event.charges.get(), fee), **how)
        event.refresh_from_db()
        some_evidence(home, event)
        review(event, outcome="paid", by=home.rita)
        confirm(event, by=home.rita)


def a_late_refund(home: Clinicful) -> None:
    """50.00 in cash of the first payment go back, after its day was closed."""
    with clinic_scope(home.clinic, home.bill.user):
        wish = GoingBack(5000, RefundReason.OTHER, "Changed their mind", method=Method.CASH)
        refund_payment(Payment.objects.earliest("pk"), wish, by=home.bill)


def ledger_of(home: Clinicful, day: date) -> dict[str, tuple[int, int]]:
    """What the ledger says now of a day: in and out by tender."""
    with clinic_scope(home.clinic):
        tenders = totals_of_day(home.location, day)["tenders"]
        return {method: (one["in"], one["out"]) for method, one in tenders.items()}


def sheet(desk: Desk, version: int) -> str:
    """The words of a day sheet."""
    answer = desk.client.get(desk.at("close_sheet") + f"?version={version}")
    read = PdfReader(io.BytesIO(answer.getvalue()))
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    return " ".join(" ".join(page.extract_text() for page in read.pages).split())


def test_day_closes_ten_short_is_opened_again_and_both_sheets_agree_with_the_ledger(desk):
    """S0.33, S0.34, S0.35, C-3, C-9: what comes after the close is an adjustment of the next day, to the cent."""
    today = clock.today(desk.clinic)
    for fee in (12000, 8000, 4250):
        a_confirmed_treatment(desk, today, fee)
    bill, adam, olga = (Desk(Client(), desk, today).enter(who) for who in ("bill", "adam", "olga"))
    assert "has begun" in bill.post("close_review")[1]
    assert "$10.00 short" in bill.count(DRAWER)[1]
    closed = adam.close(**{"why_K6-cash": "Two fives too much were given out as change"})[1]
    assert "DC-001" in closed
    assert "Two fives too much" in closed

    a_late_refund(desk)
    assert ledger_of(desk, today) == {"cash": (24250, 0)}
    assert ledger_of(desk, today + timedelta(days=1)) == {"cash": (0, 5000)}

    assert "open again" in olga.post("close_reopen", {"reason": "A treatment was forgotten"})[1]
    a_confirmed_treatment(desk, today, 700)
    assert "Count again" not in adam.get("close_day")[1]
    adam.count(DRAWER | {500: 1, 200: 2})
    again = adam.close(
        why_K3="Given back a day later; billing follows it up",
        **{"why_K6-cash": "Two fives too much were given out as change"},
    )[1]
    assert "DC-002" in again

    assert ledger_of(desk, today) == {"cash": (24950, 0)}
    assert ledger_of(desk, today + timedelta(days=1)) == {"cash": (0, 5000)}
    first, second = sheet(adam, 1), sheet(adam, 2)
    for words, net, drawer in ((first, "$242.50", "$232.50"), (second, "$249.50", "$239.50")):
        assert f"All {4 if words is second else 3} {net} $0.00 $0.00 $0.00 {net}" in words
        assert f"Counted {drawer} Difference -$10.00" in words
    assert "Opened again" in first
    differs = adam.get("close_compare")[1]
    assert "Cash: received v1: $242.50 v2: $249.50" in differs
    assert "Given back a day later" in differs
    assert "Cash: refunded" not in differs
    with clinic_scope(desk.clinic):
        assert [one.version for one in DailyClose.objects.order_by("version")] == [1, 2]
        assert [found.check.name for found in run_checks() if found.differences] == []
