"""Applying one row of the list: its own transaction, exactly as it was shown, or not at all (S4.16)."""

from django.db import transaction

from balances.ledger import Application, Books, open_books
from balances.models import Charge, Credit
from balances.requests import Once
from balances.seen import Changed
from balances.services import failing
from balances.states import Source
from clinicpay import money
from clinicpay.clinics.numbers import shown
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from deposits.plans import Plan
from deposits.queries.criteria import TAKEN_BEFORE


@transaction.atomic
def apply_row(plan: Plan, *, by: Actor, once: Once | None = None) -> None:
    """Apply what a row offered. Raises Changed when any figure is otherwise by now, Refusal for other reasons."""
    require(by, Can.RECONCILE_DEPOSITS)
    if not plan.parts:
        raise Refusal(f"The rows above use up every deposit of {shown('INV', plan.invoice)}. Apply those first.")
    credits = Credit.objects.filter(pk__in=list(plan.available))
    charges = Charge.objects.filter(pk__in=list(plan.outstanding))
    accounts = {*credits.values_list("account", flat=True), *charges.values_list("account", flat=True)}
    with open_books(*accounts, by=by, source=Source.DEPOSIT_RECON, once=once) as books:
        check(plan, by.clinic.currency)
        _apply(plan, books)
        books.answer = {"invoice": plan.invoice, "amount": plan.amount}


def check(plan: Plan, currency: str) -> None:
    """Compare with what is so now, under the accounts' locks. Raises Changed."""
    credits = Credit.objects.filter(pk__in=list(plan.available), kind__in=TAKEN_BEFORE, waits=False)
    left = dict(credits.values_list("pk", "available"))
    owed = dict(Charge.objects.filter(pk__in=list(plan.outstanding)).values_list("pk", "outstanding"))
    was, now = sum(plan.outstanding.values()), sum(owed.values())
    said = []
    if any(owed.get(key) != amount for key, amount in plan.outstanding.items()):
        before, after = money.show(was, currency), money.show(now, currency)
        said.append(f"{shown('INV', plan.invoice)} owed {before}; {after} is owed now.")
    changed = [key for key, amount in plan.available.items() if left.get(key) != amount]
    numbers = dict(Credit.objects.filter(pk__in=changed).values_list("pk", "payment__number"))
    for key in changed:
        before, after = money.show(plan.available[key], currency), money.show(left.get(key, 0), currency)
        said.append(f"{shown('PAY', numbers.get(key, 0))} had {before} left; {after} is left now.")
    if said:
        raise Changed(said)


def _apply(plan: Plan, books: Books) -> None:
    charges = {
        one.pk: one for one in Charge.objects.select_related("invoice").filter(pk__in=[part[1] for part in plan.parts])
    }
    for credit in Credit.objects.filter(pk__in=[part[0] for part in plan.parts]):
        own = [part for part in plan.parts if part[0] == credit.pk]
        if failing(credit, [charges[charge] for _, charge, _ in own]):
            raise Changed([f"{shown('INV', plan.invoice)} is not what the money is held for any more."])
    books.allocate_many(
        Application(charges[charge].account_id, credit, charge, amount, _place(charges[charge]))
        for credit, charge, amount in plan.parts
    )


def _place(charge: Charge) -> int:
    assert charge.invoice  # only billed charges are listed
    return int(charge.invoice.location_id)
