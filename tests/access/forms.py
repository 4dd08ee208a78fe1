"""What a form of each address sends, so that it changes something; and who sends it."""

import uuid
from datetime import date, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from balances.forms import ORDERS
from balances.models import Charge, Credit
from balances.seen import Seen
from balances.services import preview_run, run_auto_apply, undo_allocation
from balances.services.runs import new_run
from balances.states import RunState, Source
from clinicpay.clinics import clock
from clinicpay.patients.eligibility.forms import carried
from clinicpay.patients.services import change_patient
from deposits.models import Reconciliation
from deposits.plans import Plan, seal
from deposits.queries import Criteria, Found, retrieve
from deposits.services import LISTED
from followups.forms.statements import RECENT
from followups.forms.write_offs import shown_of
from followups.queries import owing
from followups.queries.statement_batches import batch_of
from followups.queries.write_offs import facts_of
from followups.services import approve_write_off, judge_promises, request_write_off
from followups.services.statement_runs import MOST, Receiver, begin_run
from followups.shown import Shown
from payments.models import Payment, Refund
from payments.services import (
    GoingBack,
    approve_refund,
    foresee_refund,
    foresee_reversal,
    name_own_fields,
    request_refund,
)
from payments.states import RefundReason
from tests.access.forms_of_days import OF_DAYS
from tests.access.forms_of_exports import OF_EXPORTS
from tests.access.forms_of_invoices import OF_INVOICES
from tests.access.forms_of_people import OF_PEOPLE
from tests.deposits.scene import a_deposit
from tests.factories import a_charge, a_patient
from tests.patients.x12_files import interchange
from tests.worlds import World


def _money(world: World) -> dict[str, Any]:
    return {
        "amount": "10.00",
        "method": "cash",
        "location": world.location.pk,
        "request_key": str(uuid.uuid4()),
        "tender-TOTAL_FORMS": "0",
        "tender-INITIAL_FORMS": "0",
    }


def _person(_world: World) -> dict[str, Any]:
    return {"first_name": "Maya", "last_name": "Okafor", "phone": "555 0100"}


def _visit(world: World) -> dict[str, Any]:
    day = {"service_date": "2026-11-20", "service_time": "10:00", "codes": [world.price.code]}
    return day | {"practitioner": world.home.practitioner.pk, "location": world.location.pk}


def _package(world: World) -> dict[str, Any]:
    agreed = {"name": "Cleanings", "price": "100.00", "visits": "3", "every": "3", "unit": "weeks"}
    return agreed | {"first_date": "2026-11-20", "time": "10:00"} | _place(world)


def _place(world: World) -> dict[str, Any]:
    key = {"request_key": str(uuid.uuid4())}
    return key | {"practitioner": world.home.practitioner.pk, "location": world.location.pk}


def _visit_more(world: World) -> dict[str, Any]:
    return {"title": "One more", "on": "2026-11-20", "time": "10:00"} | _place(world)


def _why(_world: World) -> dict[str, Any]:
    return {"reason": "Wrong one", "request_key": str(uuid.uuid4())}


def _freed(world: World) -> dict[str, Any]:
    """Money in hand and something owed: what an allocation had joined."""
    undo_allocation(world.allocation.pk, by=world.home.rita, reason="To apply it again")
    credit = Credit.objects.get(payment=world.payment)
    charge = Charge.objects.get(pk=world.charge.pk)
    seen = Seen(credit.pk, credit.available, {charge.pk: charge.outstanding})
    return {f"apply-{charge.pk}": "1.00", "seen": str(seen), "request_key": str(uuid.uuid4())}


def _wanted(world: World) -> dict[str, Any]:
    return {
        "patient": world.patient.ref,
        "amount": "10.00",
        "location": world.location.pk,
        "request_key": str(uuid.uuid4()),
    }


def _insurance(_world: World) -> dict[str, Any]:
    said = {
        "benefit-TOTAL_FORMS": "1",
        "benefit-INITIAL_FORMS": "0",
        "benefit-0-service": "98",
        "benefit-0-copay": "25",
    }
    return {"checked_on": "2026-01-02", "payer": "Beacon", "active": "yes", "deductible_left": "0"} | said


def _file(world: World) -> dict[str, Any]:
    """An insurer's answer about the patient, whose day of birth is known by now."""
    change_patient(
        world.patient, by=world.home.rita, first_name="Ethan", last_name="Park", birth_date=date(1990, 2, 14)
    )
    return {"content": carried(interchange()), "save": "1"}


def _reversal(world: World) -> dict[str, Any]:
    payment = Payment.objects.get(pk=world.payment.pk)
    return _why(world) | {"seal": foresee_reversal(payment, world.home.clinic).seal}


def _back(world: World, **chosen: str) -> dict[str, Any]:
    """The second step of a refund or, of what came by card, a return of 1.00."""
    payment = world.charged() if chosen["way"] == "return" else Payment.objects.get(pk=world.payment.pk)
    seal = foresee_refund(payment, 100, world.home.clinic, reduce=False).seal
    asked = {"amount": "1.00", "notes": "Wrong one", "step": "confirm", "seal": seal}
    return asked | {"request_key": str(uuid.uuid4())} | chosen


def _asked(world: World) -> Refund:
    return request_refund(world.payment, GoingBack(100, RefundReason.OTHER, "Wrong one"), by=world.home.rita)


def _approval(world: World) -> dict[str, Any]:
    _asked(world)
    seal = foresee_refund(world.payment, 100, world.home.clinic, reduce=False, asked=True).seal
    return {"request_key": str(uuid.uuid4()), "seal": seal}


def _rejection(world: World) -> dict[str, Any]:
    _asked(world)
    return _why(world)


def _set_aside(world: World) -> dict[str, Any]:
    approve_refund(_asked(world), by=world.home.olga)
    return _why(world)


def _plan(world: World) -> dict[str, Any]:
    """The world's invoice on a plan, over what it owes now."""
    owed = sum(world.invoice.charges.values_list("outstanding", flat=True))
    terms = {"instalment": "40.00", "frequency": "monthly", "starts_on": str(clock.today(world.home.clinic))}
    chosen = {"invoices": [world.invoice.ref], "shown": str(Shown({world.invoice.number: owed}))}
    return terms | chosen | {"request_key": str(uuid.uuid4())}


def _previewed(world: World) -> dict[str, Any]:
    """A preview instead of a run that was applied."""
    preview_run(by=world.home.bill)
    return {"request_key": str(uuid.uuid4())}


def _applied(world: World) -> dict[str, Any]:
    run_auto_apply(by=world.home.bill)
    return _why(world)


def _at_work(world: World) -> dict[str, Any]:
    """A long run that waits for a worker."""
    new_run(Source.AUTO, state=RunState.PREVIEW, accounts=5_000, asked_by=world.home.bill)
    return {}


def _deposited(world: World) -> tuple[Criteria, Found]:
    """A deposit that may pay something, and the list of it."""
    a_deposit(world.home, world.patient, 100)
    criteria = Criteria(world.location)
    return criteria, retrieve(criteria, LISTED)


def _row(world: World) -> dict[str, Any]:
    found = _deposited(world)[1]
    return {"plan": str(Plan.of(found.rows[0])), "request_key": str(uuid.uuid4())}


def _list(world: World) -> dict[str, Any]:
    return {"seal": seal(_deposited(world)[1].rows), "request_key": str(uuid.uuid4())}


def _reconciling(world: World) -> dict[str, Any]:
    """A long list that waits for a worker."""
    run = new_run(Source.DEPOSIT_RECON, accounts=5_000, asked_by=world.home.bill)
    Reconciliation.objects.create(run=run, location=world.location, newest_credit=0, newest_charge=0)
    return {}


def _said(_world: World) -> dict[str, Any]:
    return {"channel": "phone", "outcome": "no_answer", "notes": "Rang out", "request_key": str(uuid.uuid4())}


def _callback(world: World) -> dict[str, Any]:
    return {"day": str(date.today() + timedelta(days=3)), "time": "10:30", "member": world.home.bill.pk}


def _broken(world: World) -> dict[str, Any]:
    """A promise that nobody kept, judged on the day after."""
    judge_promises(by=world.home.itself, day=clock.today(world.home.clinic) + timedelta(days=1))
    return {}


def _listed(world: World) -> dict[str, Any]:
    """The seal of everybody who owes, one of whom had no statement yet."""
    a_charge(world.home, a_patient(world.home), 500)
    seal = batch_of(owing(), RECENT, MOST + 1).seal
    return {"seal": seal, "request_key": str(uuid.uuid4())}


def _batch_at_work(world: World) -> dict[str, Any]:
    begin_run([Receiver(world.account.pk, "")], asked="", site="https://pay.test", by=world.home.bill)
    return {}


def _statement(_world: World) -> dict[str, Any]:
    return {"to": "ethan@example.test", "send": "1", "request_key": str(uuid.uuid4())}


def _rules(_world: World) -> dict[str, Any]:
    return {"order": next(iter(ORDERS)), "kinds": ["unapplied"], "minimum_age": 3, "save": "1"}


def _hold(world: World) -> dict[str, Any]:
    return {"amount": "1.00", "practitioner": world.home.practitioner.pk, "request_key": str(uuid.uuid4())}


def _held_otherwise(world: World) -> dict[str, Any]:
    return _why(world) | {"procedure": world.price.code}


def _own_field(world: World) -> dict[str, Any]:
    """A value of a field that the clinic has named."""
    name_own_fields(by=world.home.adam, custom_1="Insurance case", custom_2="")
    return {"custom_1": "BC-20417"}


def _given_up(world: World) -> dict[str, Any]:
    facts = facts_of(world.debtor)
    chosen = {"invoices": [one.invoice.ref for one in facts.free], "shown": shown_of(facts), "step": "ask"}
    return _why(world) | chosen | {"cause": "small"}


def _write_off_asked(world: World) -> dict[str, Any]:
    invoices = [one.invoice for one in facts_of(world.debtor).free]
    request_write_off(world.debtor, invoices, by=world.home.bill, reason="Moved abroad")
    return _why(world)


def _written_off(world: World) -> dict[str, Any]:
    _write_off_asked(world)
    approve_write_off(world.newest_write_off(), by=world.home.olga)
    return _why(world)


def _delegation(world: World) -> dict[str, Any]:
    return {"member": world.home.bill.pk, "limit": "100.00", "last_day": str(date.today() + timedelta(days=3))}


CHANGING: dict[str, tuple[str, Any]] = {
    **OF_EXPORTS,
    **OF_INVOICES,
    **OF_DAYS,
    **OF_PEOPLE,
    "patient_new": ("rita", _person),
    "patient_edit": ("rita", _person),
    "payers": ("rita", lambda _: {"name": "Delta Dental", "kind": "insurance", "member_number": "M 1"}),
    "payer_remove": ("rita", lambda _: {}),
    "account_edit": ("rita", lambda _: {"name": "Beacon", "email": "beacon@example.test", "phone": "", "address": ""}),
    "benefits_new": ("rita", _insurance),
    "benefits_read": ("rita", _file),
    "benefits_withdraw": ("rita", _why),
    "payment_new": ("rita", _wanted),
    "payment_edit": ("rita", _wanted),
    "treatment_new": ("rita", _visit),
    "package_new": ("rita", _package),
    "package_visit": ("rita", _visit_more),
    "package_cancel": ("rita", _why),
    "treatment_exception": ("rita", lambda _: {"words": "The owner agreed"}),
    "treatment_start": ("petra", lambda _: {}),
    "treatment_complete": ("petra", lambda _: {}),
    "treatment_cancel": ("rita", lambda _: {}),
    "clinical_record": ("petra", lambda _: {"notes": "Nothing found."}),
    "procedures_add": ("petra", lambda world: {"codes": [world.price.code]}),
    "pay_for_patient": ("rita", _money),
    "pay_for_treatment": ("rita", _money),
    "pay_for_account": ("rita", _money),
    "receipt_send": ("rita", lambda _: {"to": "ethan@example.test", "request_key": str(uuid.uuid4())}),
    "payment_documents": ("rita", lambda _: {"file": SimpleUploadedFile("slip.txt", b"Paid by card")}),
    "treatment_documents": ("rita", lambda _: {"file": SimpleUploadedFile("slip.txt", b"Paid by card")}),
    "payment_context": ("rita", lambda _: {"reason": "A toothbrush", "request_key": str(uuid.uuid4())}),
    "event_flag": ("rita", lambda _: {}),
    "payment_notes": ("rita", lambda _: {"text": "Called the bank", "request_key": str(uuid.uuid4())}),
    "account_notes": ("bill", lambda _: {"text": "Called the bank", "request_key": str(uuid.uuid4())}),
    "treatment_notes": ("rita", lambda _: {"text": "Called the bank", "request_key": str(uuid.uuid4())}),
    "document_remove": ("rita", lambda _: {"reason": "Wrong one"}),
    "payment_allocate": ("rita", _freed),
    "allocation_undo": ("rita", _why),
    "deposit_apply": ("bill", _row),
    "deposits_apply_all": ("adam", _list),
    "deposit_undo": ("adam", _why),
    "deposit_run_stop": ("olga", _reconciling),
    "payment_reverse": ("rita", _reversal),
    "payment_refund": (
        "bill",
        lambda world: _back(world, kind="partial", reason="other", method="cash", way="refund"),
    ),
    "payment_return": ("bill", lambda world: _back(world, reason="chargeback", way="return")),
    "refund_approve": ("olga", _approval),
    "refund_reject": ("bill", _rejection),
    "refund_pay": ("bill", _set_aside),
    "refund_fail": ("bill", _set_aside),
    "refund_reverse": ("bill", _why),
    "payment_hold": ("rita", _hold),
    "hold_change": ("bill", _held_otherwise),
    "hold_release": ("bill", lambda world: _why(world) | {"amount": "1.00"}),
    "settings_own_fields": ("adam", lambda _: {"custom_1": "Insurance case"}),
    "treatment_own_fields": ("rita", _own_field),
    "write_off_new": ("bill", _given_up),
    "write_off_approve": ("olga", _write_off_asked),
    "write_off_decline": ("olga", _write_off_asked),
    "write_off_reverse": ("olga", _written_off),
    "invoice_recover": ("rita", lambda _: {"amount": "1.00", "request_key": str(uuid.uuid4())}),
    "settings_delegations": ("olga", _delegation),
    "delegation_withdraw": ("olga", lambda _: {}),
    "attempt_log": ("bill", _said),
    "callback_plan": ("bill", _callback),
    "callback_cancel": ("bill", lambda _: {}),
    "callback_take": ("olga", lambda _: {}),
    "promise_pay": ("bill", lambda world: _money(world) | {"amount": "1.00", "seen": "open"}),
    "promise_cancel": ("bill", _why),
    "case_close": ("bill", _why),
    "promise_unpaid": ("bill", _broken),
    "calendar_feed": ("bill", lambda _: {}),
    "settings_promises": ("adam", lambda _: {"days": "3"}),
    "statement_new": ("bill", _statement),
    "statement_send": ("bill", _statement),
    "statement_batch": ("bill", _listed),
    "statement_run_stop": ("bill", _batch_at_work),
    "case_worker": ("bill", lambda world: {"member": world.home.olga.pk}),
    "plan_new": ("bill", _plan),
    "plan_bill": ("bill", lambda _: {"count": "1", "first": "1", "request_key": str(uuid.uuid4())}),
    "plan_cancel": ("bill", lambda world: _why(world) | {"ending": "cancelled"}),
    "settings_refunds": ("adam", lambda _: {"limit": "250.00"}),
    "settings_checks": ("adam", lambda _: {"days": "14"}),
    "payment_status": ("rita", lambda _: {"to": "pending"}),
    "link_make": ("rita", lambda _: {"days": "14"}),
    "link_revoke": ("rita", lambda _: {}),
    "link_send": ("rita", lambda _: {"to": "ethan@example.test", "request_key": str(uuid.uuid4())}),
    "gateway_task_book": ("bill", lambda world: _why(world) | {"amount": "30.11"}),
    "gateway_task_return": ("bill", _why),
    "gateway_task_decide": ("bill", lambda _: {"decision": "keep"}),
    "settings_gateway": ("adam", lambda _: {"gateway": "none"}),
    "auto_apply_preview": ("bill", lambda _: {}),
    "auto_apply_run": ("bill", _previewed),
    "auto_apply_undo": ("bill", _applied),
    "auto_apply_stop": ("bill", _at_work),
    "allocation_rules": ("adam", _rules),
    "night_run_now": ("bill", lambda _: {"day": str(date.today() - timedelta(days=3))}),
    "settings_practitioners": ("adam", lambda _: {"name": "Dr Amos Field", "discipline": "Surgery"}),
    "settings_locations": ("adam", lambda _: {"name": "Main Street", "address": "1 Main Street"}),
    "settings_prices": ("adam", lambda _: {"code": "D0999", "description": "Exam", "fee": "81.00"}),
    "settings_practitioner": ("adam", lambda _: {"name": "Dr Ada Field", "discipline": "Surgery"}),
    "settings_practitioner_active": ("adam", lambda _: {}),
    "settings_location": ("adam", lambda _: {"name": "Side Street", "address": "2 Side Street"}),
    "settings_price": ("adam", lambda _: {"description": "Long exam", "discipline": "", "fee": "82.00"}),
    "settings_price_active": ("adam", lambda _: {}),
    "view_save": ("olga", lambda _: {"page": "payments", "query": "status=paid", "name": "Paid ones"}),
    "view_edit": ("olga", lambda _: {"name": "All that is paid"}),
    "view_remove": ("olga", lambda _: {}),
}
"""Forms that change something, who sends them, and what."""


def some_of_all(world: World) -> dict[str, Any]:
    """What most forms would read, whichever they are."""
    return _money(world) | _visit(world) | _person(world) | _why(world) | {"name": "x", "email": "a@b.test"}
