"""Rows of the worlds: whatever a clinic keeps, so that every table has some."""

from datetime import date, timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from balances.models import Credit, Entry, Invoice
from balances.queries import credit_notes
from balances.services import (
    apply_credit,
    change_rules,
    credit_charge,
    hold_credit,
    make_exception,
    release_credit,
    void_invoice,
    waive_billing,
)
from balances.states import EntryKind, Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import JobFailure, JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import DailyClose
from clinicpay.close.services import close_day, start_review
from clinicpay.close.services.papers import sheet_papers
from clinicpay.exports.codes import Code, Key
from clinicpay.exports.days import chosen_days, seal_of
from clinicpay.exports.models import Export
from clinicpay.exports.services import Wish, make_export, set_codes
from clinicpay.exports.states import FileKind, LedgerAccount, What
from clinicpay.patients.eligibility.services import Answer, Said, keep_check
from clinicpay.patients.models import Account, EligibilityCheck, Patient
from clinicpay.patients.services import register_patient
from clinicpay.staff.delegations import delegate
from clinicpay.staff.models import Invitation
from clinicpay.staff.roles import Role
from deposits import plans
from deposits.models import BankSlip
from deposits.queries import Criteria, retrieve
from deposits.services import Shown, apply_all
from deposits.services.papers import slip_papers
from followups.models import Promise, PromisePayment, StatementRun
from followups.queries.statements import Span
from followups.schedule import Terms
from followups.services import Said as Contact
from followups.services import (
    approve_write_off,
    log_attempt,
    make_feed,
    make_promise,
    plan_callback,
    request_write_off,
    start_plan,
)
from followups.services.statement_runs import Receiver, begin_run
from followups.services.statements import Giving, make_statement, pdf_of
from followups.states import AttemptOutcome, Channel, Frequency
from payments.gateways import Movement, Standing
from payments.gateways.simulator import Simulator
from payments.models import GatewayEvent, GatewayTask, Receipt
from payments.services import (
    GoingBack,
    PaymentRequest,
    create_payment,
    make_link,
    refund_payment,
    set_gateway,
)
from payments.services.checkouts import asked_of, begin_checkout, note_opened
from payments.services.context import explain_payment
from payments.services.settling import settle
from payments.states import CheckoutState, GatewayName, MovementState, RefundReason
from tests.balances.packages import a_package, treatments
from tests.deposits.scene import a_deposit
from tests.deposits.slips import drafted, printed
from tests.factories import (
    Clinicful,
    a_charge,
    a_count,
    a_payment,
    a_receipt,
    a_review,
    an_event,
)
from treatments.models import TreatmentEvent

LONG_AGO = date(2020, 1, 2)


def a_close(home: Clinicful) -> DailyClose:
    """A closed day, counted in cash and with a card terminal."""
    start_review(home.location, LONG_AGO, by=home.itself)
    a_count(home, LONG_AGO, terminals={"card": 0})
    close = close_day(home.location, LONG_AGO, by=home.itself)
    sheet_papers.keep({"close": close}, b"%PDF-")
    return close


def a_debtor(home: Clinicful) -> int:
    """An account that owes and has nothing in hand, by id, reviewed; the owner's leave to write it off."""
    patient = register_patient(by=home.itself, first_name="Dora", last_name=home.clinic.slug.title())
    a_review(home, a_charge(home, patient, 2500).event)
    with clinic_scope(home.clinic, home.olga.user):
        delegate(home.adam, by=home.olga, limit=20_000, last_day=clock.today(home.clinic) + timedelta(days=30))
    return patient.account_id


def an_invitation(canary: str) -> None:
    """Somebody who has not joined yet."""
    over = timezone.now() + timedelta(1)
    Invitation.objects.create(email=f"new@{canary}.test", role=Role.BILLING, token_hash=canary, expires_at=over)


def some_corrections(home: Clinicful, canary: str) -> dict[str, Any]:
    """A `void` invoice whose treatment can be billed again, one that is not billed again; `credited` of another."""
    patient = register_patient(by=home.itself, first_name="Vera", last_name=canary)
    void, part = a_charge(home, patient, 1300).invoice, a_charge(home, patient, 1700)
    void_invoice(void, by=home.itself, reason=f"{canary} void")
    free = a_charge(home, patient, 1100)
    void_invoice(free.invoice, by=home.itself, reason=f"{canary} void")
    waive_billing(free.event, by=home.itself, reason=f"{canary} waiver")
    credit_charge(part, 200, by=home.itself, reason=f"{canary} credit")
    void = Invoice.objects.select_related("event").get(pk=void.pk)
    return {"void": void, "credited": credit_notes(charge=part).get()}


def a_plan_of_visits(home: Clinicful, patient: Patient, canary: str) -> TreatmentEvent:
    """Visits to come at one price, one of which is flagged; and a treatment to come by itself, which is returned."""
    package = a_package(home, patient, name=f"{canary} package", code="")
    make_exception(treatments(package)[0], by=home.itself, note=f"{canary} exception")
    return an_event(home, patient, 4000, title=f"{canary} plan", clinical_notes=f"{canary} notes")


def an_insured(home: Clinicful, patient: Patient, canary: str) -> EligibilityCheck:
    """What an insurer said of a patient."""
    said = [Said("any", copay=1500), Said("procedure", "D0120", coinsurance=2000)]
    answer = Answer(clock.today(home.clinic), f"{canary} Insurance", active=True, deductible_left=5000, benefits=said)
    return keep_check(patient, answer, by=home.itself)


def a_follow_up(home: Clinicful, account: Account, canary: str) -> None:
    """A promise, an attempt to reach somebody, a callback that is planned, statements."""
    make_promise(account, 500, clock.today(home.clinic), by=home.itself)
    log_attempt(account, Contact(Channel.PHONE, AttemptOutcome.NO_ANSWER, f"{canary} attempt"), by=home.itself)
    later = timezone.now() + timedelta(days=1)
    plan_callback(account, later, by=home.itself, member=home.bill, note=f"{canary} callback")
    make_feed(by=home.bill)
    PromisePayment.objects.create(promise=Promise.objects.latest("pk"), receipt=Receipt.objects.latest("pk"))
    some_statements(home, account, canary)


def a_reconciliation(home: Clinicful, patient: Patient) -> Entry:
    """A deposit that Apply All has brought to an invoice; nothing of either is left."""
    a_deposit(home, patient, 600)
    a_charge(home, patient, 600)
    criteria = Criteria(home.location, kind=patient.account.kind, party=patient.account)
    apply_all(criteria, Shown(10, plans.seal(retrieve(criteria, 10).rows)), by=home.itself)
    return Entry.objects.filter(kind=EntryKind.ALLOCATE, posting__source=Source.DEPOSIT_RECON).earliest("pk")


def some_statements(home: Clinicful, account: Account, canary: str) -> None:
    """A batch of one, to be printed; it is done, with its PDF."""
    Account.objects.filter(pk=account.pk).update(address=f"1 {canary} Street")
    run = begin_run([Receiver(account.pk, "")], asked="", site="https://pay.test", by=home.bill)
    line = run.lines.get()
    line.statement = make_statement(account, Giving(Span(), site="https://pay.test", run=run), by=home.bill)
    line.state = "printed"
    line.save(update_fields=["statement", "state"])
    pdf_of(line.statement)
    StatementRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())


def a_night(home: Clinicful, receipt: Receipt) -> None:
    """A night of long ago, with a failure; rules for the next; money that is held for a procedure."""
    night = JobRun.objects.create(job="settle", local_date=LONG_AGO, state=JobRun.State.PARTIAL)
    JobFailure.objects.create(run=night, account_id=receipt.account_id, error="nothing in particular")
    change_rules(by=home.itself, kinds=["unapplied"], excluded=["Cosmetic"])
    money = Credit.objects.get(payment=a_payment(home, receipt.account, 300))
    held = hold_credit(money, 300, by=home.itself, criteria={"procedure": "D2740"})
    release_credit(held, 300, by=home.itself, reason="not needed")
    apply_credit(money, [(a_charge(home, receipt.account.patients.first(), 300), 300)], by=home.itself)


def a_hold(home: Clinicful, patient: Patient) -> Credit:
    """Part of a payment, held for whatever one practitioner does; the rest is free."""
    money = Credit.objects.get(payment=a_payment(home, patient.account, 1200, patient=patient))
    explain_payment(money.payment, "Paid ahead", by=home.itself)
    return hold_credit(money, 400, by=home.itself, criteria={"practitioner": home.practitioner})


def a_hold_and_a_slip(home: Clinicful, patient: Patient) -> tuple[Credit, BankSlip]:
    """Cash that went to the bank, and a hold whose cash is on a draft for it."""
    banked = a_receipt(home, patient.account, 90000).payments.get()
    held = a_hold(home, patient)
    slip = printed(home, banked.ref)
    slip_papers.keep({"slip": slip}, b"%PDF-")
    drafted(home, held.payment.ref)
    return held, slip


def go_back_and_forth(home: Clinicful, patient: Patient) -> None:
    """A plan, a write-off and a refund; nothing of them is owed or in hand afterwards."""
    by, account = home.itself, patient.account
    terms = Terms(3000, Frequency.MONTHLY, clock.today(home.clinic))
    start_plan(account, [a_charge(home, patient, 7000)], terms, by=by)
    small = request_write_off(account, [a_charge(home, patient, 900).invoice], by=by, reason="small")
    approve_write_off(small, by=by)
    paid = a_charge(home, patient, 2000)
    payment = a_payment(home, account, 2000, (paid, 2000), patient=patient)
    refund_payment(payment, GoingBack(500, RefundReason.NOT_RENDERED, reduce_charge=True), by=by)


def take_a_card(home: Clinicful, patient: Patient) -> GatewayTask:
    """A link, a checkout whose money came too late, its event and its refund, and a link that takes payment."""
    with override_settings(GATEWAY_SIMULATOR=True):
        set_gateway(GatewayName.SIMULATOR, by=home.itself)
        ask = PaymentRequest(patient, 3300, home.location, memo="Paid by a link")
        create_payment(ask, by=home.itself)
        make_link(create_payment(ask, by=home.itself), by=home.itself)
        link = make_link(create_payment(ask, by=home.itself), by=home.itself)
        checkout = begin_checkout(link, gateway=Simulator(home.clinic))
        asked = asked_of(checkout, home.clinic, "https://pay.test")
        note_opened(checkout, Simulator(home.clinic).create_checkout(asked))
        checkout.refresh_from_db()
        refunds = (Movement("re_1", 300, MovementState.SUCCEEDED),)
        paid = {"captured": 3400, "currency": home.clinic.currency, "capture": "pi_1", "refunds": refunds}
        settle(checkout, Standing(checkout.external_id, checkout.reference, CheckoutState.PAID, **paid), by=home.itself)
        pay_abroad(home, ask)
    set_gateway(GatewayName.STRIPE, by=home.itself, secret="sk_test_1", webhook_secret="whsec_1")
    GatewayEvent.objects.create(gateway=GatewayName.SIMULATOR, external_id="evt_1", kind="charge.refunded")
    return GatewayTask.objects.get(kind="late")


def pay_abroad(home: Clinicful, ask: PaymentRequest) -> None:
    """A card that was charged in another currency."""
    link = make_link(create_payment(ask, by=home.itself), by=home.itself)
    checkout = begin_checkout(link, gateway=Simulator(home.clinic))
    paid = {"captured": 3000, "currency": "JOD", "capture": "pi_2"}
    settle(checkout, Standing("cs_2", checkout.reference, CheckoutState.PAID, **paid), by=home.itself)


def an_export(home: Clinicful, close: DailyClose) -> Export:
    """The journal of a closed day as a file, with an account code of the clinic's own."""
    set_codes({Key(LedgerAccount.REVENUE): Code("8400", "Fees")}, location=None, by=home.olga)
    seal = seal_of(What.JOURNAL, chosen_days(What.JOURNAL, [close]))
    return make_export(Wish(What.JOURNAL, FileKind.CSV, frozenset({close.number}), seal), by=home.adam)
