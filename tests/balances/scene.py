"""A committed clinic full of money, its neighbour, and a fingerprint of both: what the attacks are run against."""

import uuid
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg
from django.utils import timezone

from balances.ledger import open_books
from balances.models import Credit, Entry
from balances.services import (
    apply_credit,
    bill_event,
    lift_exception,
    make_exception,
    run_auto_apply,
    undo_allocation,
    void_invoice,
)
from balances.states import EntryKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.services import reopen_day, start_review
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.models import Delegation
from deposits.models import BankSlip
from followups.models import WriteOff
from followups.schedule import Terms
from followups.services import close_case, make_promise, open_case, start_plan
from followups.states import Frequency
from payments.models import Payment
from payments.services import GoingBack, approve_refund, request_refund, reverse_payment
from payments.states import Method, RefundReason
from tests.balances.packages import a_package, treatments
from tests.close.scene import some_reviewed_events
from tests.deposits.slips import back, drafted, paid, printed
from tests.direct import connect
from tests.factories import Clinicful, a_charge, a_closed_day, a_count, a_patient, a_payment, an_event, make_clinic
from tests.world_rows import an_export

TABLES = (
    "patients_account",
    "balances_invoice",
    "balances_charge",
    "balances_credit",
    "balances_posting",
    "balances_entry",
    "balances_requestkey",
    "balances_closedday",
    "payments_payment",
    "payments_receipt",
    "payments_refund",
    "followups_plan",
    "followups_instalment",
    "followups_writeoff",
    "staff_delegation",
    "followups_case",
    "followups_promise",
    "close_dailyclose",
    "close_cashcount",
    "close_cashcountline",
    "exports_accountcode",
    "exports_export",
    "exports_exportday",
    "exports_exportpart",
    "close_eventreview",
    "deposits_bankslip",
    "deposits_bankslipline",
    "balances_balanceexception",
    "balances_waiver",
    "treatments_package",
    "treatments_procedure",
    "treatments_treatmentevent",
    "audit_auditevent",
)


@dataclass
class Scene:
    """`ids` are the parameters of the attacks; `clinics` are the two whose rows must not change."""

    home: Clinicful
    away: Clinicful
    owner: psycopg.Connection
    ids: dict[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """A digest of every row of both clinics, read by the owner past the fence."""
        clinics = [self.home.clinic.pk, self.away.clinic.pk]
        parts = " union all ".join(
            f"select md5(string_agg(t::text, '|' order by t.id)) from {table} t where clinic_id = any(%(clinics)s)"
            for table in TABLES
        )
        return repr(self.owner.execute(parts, {"clinics": clinics}).fetchall())

    def try_to(self, *statements: str) -> None:
        """Run the statements as the application's role and commit. Raises what the database raises."""
        with closing(connect()) as attacker:  # not psycopg's own block, which stays open when COMMIT fails
            attacker.execute("select set_config('app.clinic_id', %s, false)", [str(self.home.clinic.pk)])
            attacker.execute("select set_config('app.user_id', %s, false)", [str(self.home.rita.user_id)])
            attacker.commit()
            for statement in statements:
                run(attacker, statement, self.ids)
            attacker.commit()


def run(connection: psycopg.Connection, statement: str, ids: dict[str, Any]) -> None:
    """One statement; COPY gets the rows that follow its first line."""
    first, _, rows = statement.partition("\n")
    if not first.lower().startswith("copy "):
        connection.execute(statement, ids if "%(" in statement else None)
        return
    with connection.cursor() as cursor, cursor.copy(first) as copy:
        copy.write(rows % ids)


def make_scene() -> Scene:
    """Commit the two clinics; the slugs are new each time because committed clinics stay."""
    owner = connect("owner", autocommit=True)
    mark = uuid.uuid4().hex[:8]
    scene = Scene(make_clinic(f"home-{mark}"), make_clinic(f"away-{mark}"), owner)
    with clinic_scope(scene.away.clinic, scene.away.rita.user):
        scene.ids |= {f"foreign_{name}": value for name, value in _money(scene.away).items()}
    with clinic_scope(scene.home.clinic, scene.home.rita.user):
        scene.ids |= _money(scene.home) | _more(scene.home)
    return scene


def _money(home: Clinicful) -> dict[str, Any]:
    """A charge of 100.00, a payment of 50.00 of which 40.00 are applied, and an application undone."""
    patient = a_patient(home)
    charge = a_charge(home, patient, 10000)
    payment = a_payment(home, patient.account, 5000, (charge, 4000))
    credit = Credit.objects.get(payment=payment)
    live = Entry.objects.get(credit=credit, kind=EntryKind.ALLOCATE)
    apply_credit(credit, [(charge, 500)], by=home.rita)
    undone = Entry.objects.filter(credit=credit, kind=EntryKind.ALLOCATE).latest("pk")
    undo_allocation(undone.pk, by=home.rita, reason="wrong charge")
    return {
        "clinic": home.clinic.pk,
        "location": home.location.pk,
        "account": patient.account_id,
        "patient": patient.pk,
        "invoice": charge.invoice_id,
        "event": charge.event_id,
        "charge": charge.pk,
        "payment": payment.pk,
        "credit": credit.pk,
        "allocation": live.pk,
        "posting": live.posting_id,
        "undone": undone.pk,
        "receipt": Entry.objects.get(credit=credit, kind=EntryKind.RECEIVE).pk,
    }


def _more(home: Clinicful) -> dict[str, Any]:
    """Rich and voided money of the same account, another account, an unpaid payment, a closed day."""
    patient = a_patient(home)
    account = Payment.objects.earliest("pk").account
    rich = a_payment(home, account, 20000)
    voided = reverse_payment(a_payment(home, account, 700), by=home.rita, reason="entered twice")
    pending = Payment.objects.create(
        number=900, account=account, location=home.location, amount=1500, method=Method.CASH, status="pending"
    )
    other_charge = a_charge(home, patient, 3000)
    today = clock.today(home.clinic)
    closed = a_closed_day(home, date(2026, 1, 7))
    return {
        "rich": Credit.objects.get(payment=rich).pk,
        "rich_payment": rich.pk,
        "voided": Credit.objects.get(payment=voided).pk,
        "voided_payment": voided.pk,
        "voided_receipt": Entry.objects.get(credit__payment=voided, kind=EntryKind.RECEIVE).pk,
        "pending": pending.pk,
        "other_account": patient.account_id,
        "other_charge": other_charge.pk,
        "other_invoice": other_charge.invoice_id,
        **_corrections(home, account),
        **_slips(home),
        **_packages(home),
        "today": today,
        "closed": closed.day,
        "export": an_export(home, closed).pk,
        "open_close": start_review(home.location, today - timedelta(days=1), by=home.adam).pk,
        **_states(home, patient),
        **some_reviewed_events(home),
    }


def _corrections(home: Clinicful, account: Account) -> dict[str, Any]:
    """A void charge, one written off, one on a plan, and refunds asked for and approved."""
    patient = account.patients.get()
    void, gone, planned = (a_charge(home, patient, amount) for amount in (400, 500, 700))
    void_invoice(void.invoice, by=home.bill, reason="wrong patient")
    with open_books(account, by=home.bill) as books:
        books.write_off(gone, 300, reason="small")
    a_payment(home, account, 200, (gone, 200))
    plan = start_plan(account, [planned], Terms(300, Frequency.WEEKLY, clock.today(home.clinic)), by=home.bill)
    reserve = a_payment(home, account, 2000)
    wish = GoingBack(1500, RefundReason.OTHER)
    refund = approve_refund(request_refund(reserve, wish, by=home.bill), by=home.bill)
    asked = request_refund(a_payment(home, account, 800), GoingBack(100, RefundReason.OTHER), by=home.bill)
    run_auto_apply(by=home.bill, accounts=[])
    write_off = WriteOff.objects.create(number=1, account=account, amount=300, reason="small")
    WriteOff.objects.filter(pk=write_off.pk).update(status="approved")
    return {
        "void": void.pk,
        "void_entry": Entry.objects.get(charge=void, kind=EntryKind.CREDIT_NOTE).pk,
        "gone": gone.pk,
        "gone_entry": Entry.objects.get(charge=gone, kind=EntryKind.WRITE_OFF).pk,
        "plan": plan.pk,
        "principal": plan.parts.get().principal_id,
        "refund": refund.pk,
        "reserved": refund.reserved_id,
        "asked": asked.pk,
        "write_off": write_off.pk,
        **_leaves(home, account),
    }


def _leaves(home: Clinicful, account: Account) -> dict[str, Any]:
    """Write-offs that wait, and what an owner lets others approve: Rita less than that, and once more."""
    own = WriteOff.objects.create(number=2, account=account, amount=50, reason="small")
    with clinic_scope(home.clinic, home.bill.user):
        waiting = WriteOff.objects.create(number=3, account=account, amount=300, reason="small")
    later = clock.today(home.clinic) + timedelta(days=9)
    expires = timezone.now() + timedelta(days=9)
    with clinic_scope(home.clinic, home.olga.user):
        leaves = [
            Delegation.objects.create(member=member, limit=limit, last_day=later, expires_at=expires)
            for member, limit in ((home.rita, 900), (home.bill, 900))
        ]
        Delegation.objects.filter(pk=leaves[0].pk).update(ended_at=timezone.now())
        small = Delegation.objects.create(member=home.rita, limit=100, last_day=later, expires_at=expires)
    return {
        "own": own.pk,
        "waiting": waiting.pk,
        "ended_leave": leaves[0].pk,
        "others_leave": leaves[1].pk,
        "small_leave": small.pk,
    }


def _slips(home: Clinicful) -> dict[str, Any]:
    """A printed slip with a payment and a cash refund, a draft with a payment that was reversed, an empty draft."""
    banked = paid(home, 4000)
    refund = back(home, banked, 500)
    kept = paid(home, 600)
    slip = printed(home, banked.ref, refund.ref, kept.ref)
    gone = paid(home, 300)
    draft = drafted(home, gone.ref)
    reverse_payment(gone, by=home.rita, reason="entered twice")
    annex = Location.objects.create(name="Annex")
    empty = BankSlip.objects.create(location=annex, first=slip.first, last=slip.last)
    return {
        "banked": banked.pk,
        "kept": kept.pk,
        "banked_refund": refund.pk,
        "slip": slip.pk,
        "draft_slip": draft.pk,
        "empty_slip": empty.pk,
        "annex": annex.pk,
    }


def _packages(home: Clinicful) -> dict[str, Any]:
    """A package of which one part is billed; an exception, and one that was lifted."""
    package = a_package(home, a_patient(home), 300_00, 3, code="")
    first, second, third = treatments(package)
    invoice = bill_event(first, by=home.rita)
    lifted = make_exception(second, by=home.rita, note="for now")
    lift_exception(second, by=home.rita, reason="was paid")
    make_exception(third, by=home.rita, note="agreed")
    return {
        "package": package.pk,
        "part": first.procedures.get().pk,
        "part_event": first.pk,
        "part_invoice": invoice and invoice.pk,
        "open_part": second.procedures.get().pk,
        "open_event": second.pk,
        "lifted": lifted.pk,
    }


def _states(home: Clinicful, owing: Patient) -> dict[str, Any]:
    """A case with a promise, a closed one, a day that was re-opened, a treatment to come."""
    promise = make_promise(owing.account, 1000, clock.today(home.clinic), by=home.bill)
    late = a_patient(home)
    a_charge(home, late, 100)
    shut = close_case(open_case(late.account, by=home.rita), by=home.bill, reason="wrong account")
    long_ago = date(2026, 1, 1)
    first = a_closed_day(home, long_ago)
    again = reopen_day(home.location, long_ago, by=home.olga, reason="a payment was missing")
    return {
        "promise": promise.pk,
        "case": promise.case_id,
        "closed_case": shut.pk,
        "debtless": a_patient(home).account_id,
        "first_close": first.pk,
        "again": again.pk,
        "count": a_count(home, long_ago).pk,
        "long_ago": long_ago,
        "to_come": an_event(home, owing, 100).pk,
        "practitioner": home.practitioner.pk,
    }
