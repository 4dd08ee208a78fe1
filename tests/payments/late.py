"""Money that was taken on an earlier day and is entered now."""

from datetime import date

from balances.models import Entry
from payments.models import Payment
from payments.services import Order, Tender, record_payment
from payments.states import Method

WHY = "Found in the drawer while counting"


def late(home, account, amount, day, *parts, by=None, **more) -> Payment:
    """Cash that was taken on a day and is entered now, by the admin if nobody else is named."""
    order = Order(
        location=more.pop("location", home.location),
        tenders=[Tender(Method.CASH, amount)],
        parts=[(charge.pk, part) for charge, part in parts],
        day=day,
        late_reason=more.pop("why", WHY),
        **more,
    )
    return Payment.objects.get(receipt=record_payment(account, order, by=by or home.adam))


def days_of(payment: Payment) -> dict[str, date]:
    """The business date of each act on a payment's money."""
    rows = Entry.objects.filter(credit__payment=payment).order_by("pk")
    return {entry.posting.kind: entry.posting.business_date for entry in rows.select_related("posting")}
