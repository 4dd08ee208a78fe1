"""Payment plans: debt moves to unbilled principal and is billed in parts. Total debt never changes (I10)."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db import transaction

from balances.ledger import lock_accounts, open_books
from balances.models import Charge, Invoice
from balances.requests import Once
from balances.services import new_invoice
from balances.states import Source
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.models import Instalment, Plan, PlanPart
from followups.queries import instalments_of_active_plans, late_instalments
from followups.schedule import Terms, schedule
from followups.services.cases import follow, settle_case
from followups.shown import Shown
from followups.states import PLAN_MOVES, CaseState, InstalmentStatus, PlanStatus


@transaction.atomic
def draft_plan(account: Account, charges: Sequence[Charge], terms: Terms, *, by: Actor) -> Plan:
    """Write down a plan for all that these billed charges owe; nothing moves before it is active.

    Raises Refusal for terms that make no plan, and for a charge that owes nothing or somebody else's.
    """
    require(by, Can.PLAN)
    lock_accounts([account.pk])
    billed = list(Charge.objects.filter(pk__in=[one.pk for one in charges], account=account).select_related("invoice"))
    if len(billed) != len(charges) or not all(one.invoice and one.outstanding for one in billed):
        raise Refusal("Choose invoices of this account that still owe something.")
    if planned := instalments_of_active_plans([one.invoice_id for one in billed]):
        invoice = next(one.invoice for one in billed if one.invoice_id in planned)
        raise Refusal(f"{invoice.ref} is an instalment of {planned[invoice.pk].ref}. Cancel that plan first.")
    dues = schedule(sum(one.outstanding for one in billed), terms)
    assert billed[0].invoice
    plan = Plan.objects.create(
        number=take(Plan.KIND)[0],
        account=account,
        location_id=billed[0].invoice.location_id,
        total=sum(due.amount for due in dues),
        instalment=terms.instalment,
        frequency=terms.frequency,
        starts_on=terms.starts_on,
    )
    PlanPart.objects.bulk_create(PlanPart(plan=plan, charge=one, amount=one.outstanding) for one in billed)
    Instalment.objects.bulk_create(
        Instalment(plan=plan, position=position, due_date=due.on, amount=due.amount)
        for position, due in enumerate(dues, 1)
    )
    record("plan.drafted", plan, by=by, after={"amount": plan.total, "instalments": len(dues)})
    return plan


@transaction.atomic
def activate_plan(plan: Plan, *, by: Actor, once: Once | None = None, dated: date | None = None) -> Plan:
    """Move the debt onto the plan: billed debt becomes unbilled principal, of the same total (S2.38).

    Demo data alone is `dated` in the past.
    """
    require(by, Can.PLAN)
    source = Source.DEMO if dated else Source.PLAN
    with open_books(plan.account_id, by=by, source=source, once=once, dated=dated) as books:
        plan = _move(plan, PlanStatus.ACTIVE)
        parts = list(plan.parts.select_related("charge__invoice").order_by("pk"))
        for part in parts:
            if part.charge.outstanding != part.amount:
                raise Refusal("What these invoices owe has changed since the plan was written. Make a new one.")
            part.principal = books.convert(part.charge, part.amount)
        PlanPart.objects.bulk_update(parts, ["principal"])
        books.answer = {"plan": plan.number}
    follow(plan.account, CaseState.ON_PLAN, by=by)
    record("plan.activated", plan, by=by, before={"plan": "draft"}, after={"plan": "active"})
    return plan


def start_plan(
    account: Account,
    charges: Sequence[Charge],
    terms: Terms,
    *,
    by: Actor,
    once: Once | None = None,
    shown: Shown | None = None,
) -> Plan:
    """Write a plan down and make it active in one act: "Convert to payment plan" (S2.36–S2.38).

    With `shown`, what invoices owed when somebody looked, raises Changed if they owe anything else by now.
    """
    require(by, Can.PLAN)
    with open_books(account, by=by, source=Source.PLAN, once=once) as books:
        if shown:
            shown.check(by.clinic.currency)
        plan = activate_plan(draft_plan(account, charges, terms, by=by), by=by)
        books.answer = {"plan": plan.number}
    return plan


@transaction.atomic
def bill_instalment(
    instalment: Instalment, *, by: Actor, source: Source = Source.PLAN, dated: date | None = None
) -> Invoice:
    """Bill one instalment on an invoice of its own, of the oldest principal first; by night or by hand (P2, P3).

    `dated` is for sources that carry past business dates of their own. Raises Refusal when it was billed or cancelled
    meanwhile.
    """
    require(by, Can.PLAN)
    plan = instalment.plan
    with open_books(plan.account_id, by=by, source=source, dated=dated) as books:
        instalment = Instalment.objects.select_for_update(no_key=True).get(pk=instalment.pk)
        if instalment.status != InstalmentStatus.SCHEDULED:
            raise Refusal(f"This instalment is {instalment.get_status_display().lower()} already.")
        today = clock.today(by.clinic)
        day = min(books.business_date(plan.location_id), today)
        due = max(instalment.due_date, day)
        invoice = new_invoice(plan.account_id, plan.location_id, day, due=due)
        books.bill_instalment(invoice, list(_drawn(plan, instalment.amount)))
        instalment.status, instalment.invoice = InstalmentStatus.INVOICED, invoice
        instalment.save(update_fields=["status", "invoice"])
    record("plan.instalment_billed", plan, by=by, after={"amount": instalment.amount, "invoice": invoice.ref})
    return invoice


def bill_next(plan: Plan, count: int, *, by: Actor, first: int, once: Once | None = None) -> list[Invoice]:
    """Bill the next instalments now, all of them or none: "Invoice now" (S2.54) and "Pay ahead".

    `first` is the position of the one that the person saw as the next. Raises Refusal when that was billed meanwhile,
    when fewer are left, and for a plan that is not active.
    """
    require(by, Can.PLAN)
    with open_books(plan.account_id, by=by, source=Source.PLAN, once=once) as books:
        plan = Plan.objects.get(pk=plan.pk)
        if plan.status != PlanStatus.ACTIVE:
            raise Refusal(f"{plan.ref} is {plan.get_status_display().lower()}: there is nothing to bill.")
        due = list(plan.instalments.filter(status=InstalmentStatus.SCHEDULED).order_by("position")[:count])
        if not due or due[0].position != first:
            raise Refusal(f"Instalment {first} of {plan.ref} was billed meanwhile. Nothing was billed now.")
        if len(due) < count:
            raise Refusal(f"{plan.ref} has only {len(due)} more to bill.")
        invoices = [bill_instalment(one, by=by) for one in due]
        books.answer = {"invoices": [invoice.number for invoice in invoices]}
    return invoices


@transaction.atomic
def cancel_plan(plan: Plan, *, by: Actor, reason: str, defaulted: bool = False, once: Once | None = None) -> Plan:
    """End a plan: what is unbilled returns to its own invoices with their own age; what was billed stays (P4).

    `defaulted` says that it ends because an instalment is late. Raises Refusal without a reason, for a plan that has
    ended already, and for a default while nothing is late.
    """
    require(by, Can.PLAN)
    if not reason.strip():
        raise Refusal("Say why the plan is cancelled.")
    with open_books(plan.account_id, by=by, source=Source.PLAN, once=once) as books:
        before = plan.status
        if defaulted and not late_instalments(clock.today(by.clinic)).filter(plan=plan).exists():
            raise Refusal(f"No instalment of {plan.ref} is late.")
        plan = _move(plan, PlanStatus.DEFAULTED if defaulted else PlanStatus.CANCELLED)
        for principal in _principals(plan):
            books.cancel_principal(principal, reason=reason)
        plan.instalments.filter(status=InstalmentStatus.SCHEDULED).update(status=InstalmentStatus.CANCELLED)
        books.answer = {"plan": plan.number}
    # A plan of which everything was billed moves no money when it ends, so nobody is told.
    settle_case(Account.objects.get(pk=plan.account_id), by=by)
    record("plan.cancelled", plan, by=by, before={"plan": before}, after={"plan": plan.status}, reason=reason)
    return plan


def settle_plans(account: Account, *, by: Actor) -> None:
    """Complete the plans of a locked account whose debt is gone, and re-open those whose debt came back."""
    for plan in Plan.objects.filter(account=account, status__in=[PlanStatus.ACTIVE, PlanStatus.COMPLETED]):
        owes = Charge.objects.filter(source__in=plan.parts.values("principal"), outstanding__gt=0).exists()
        owes = owes or bool(_principals(plan))
        if owes == (plan.status == PlanStatus.COMPLETED):
            to = PlanStatus.ACTIVE if owes else PlanStatus.COMPLETED
            record("plan.settled", _move(plan, to), by=by, before={"plan": plan.status}, after={"plan": str(to)})


def _principals(plan: Plan) -> list[Charge]:
    """What of a plan is unbilled, oldest first."""
    rows = Charge.objects.filter(pk__in=plan.parts.values("principal"), outstanding__gt=0)
    return list(rows.select_related("source__invoice").order_by("service_date", "pk"))


def _drawn(plan: Plan, amount: int) -> Iterator[tuple[Charge, int]]:
    for principal in _principals(plan):
        part = min(amount, principal.outstanding)
        if part:
            yield principal, part
        amount -= part


def _move(plan: Plan, to: PlanStatus) -> Plan:
    plan = Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    if not PLAN_MOVES[plan.status] or to == plan.status:
        raise Refusal(f"{plan.ref} is {plan.get_status_display().lower()} already.")
    if to not in PLAN_MOVES[plan.status]:
        raise Refusal(f"{plan.ref} is {plan.get_status_display().lower()}: it can't become {to.label.lower()}.")
    plan.status = to
    plan.save(update_fields=["status"])
    return plan
