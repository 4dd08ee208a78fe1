"""The plain forms of our pages, as they are written without thinking of speed: what the bench compares with.

They stand behind the same middleware, on the same rows, in the same shell, and must come to the same results.
"""

from datetime import date
from typing import Any
from uuid import UUID

import django_tables2
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from balances.ledger import TOTALS
from balances.models import Charge, Credit, Entry, Posting, RequestKey
from balances.states import EntryKind, PostingKind
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.numbers import take
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed, signed_in
from clinicpay.staff.roles import Can
from payments.filters import PaymentFilter
from payments.models import Payment, Receipt
from payments.queries import Cards, Standing, payments
from payments.queries.cards import last_months
from payments.states import OVERDUE, Method, PaymentStatus
from payments.views.cards import drawn_cards
from treatments.queries import events_between

BACK = ("refund", "unrefund", "return", "unreturn")


@signed_in
def bare(request: HttpRequest) -> HttpResponse:
    """What any page behind the login costs: the session and the user."""
    return HttpResponse(str(request.user))


class PlainTable(django_tables2.Table):
    """The payments list as django-tables2 is used by its manual: every cell by its column."""

    number = django_tables2.Column("Payment ID", linkify=lambda record: f"../../payments/{record.ref}/")
    patient = django_tables2.Column("Patient", order_by="name_key")
    amount = django_tables2.Column("Amount")
    status = django_tables2.Column("Status")
    due_date = django_tables2.Column("Due Date")
    event = django_tables2.Column("Treatment", orderable=False)
    created_at = django_tables2.Column("Created")
    memo = django_tables2.Column("Memo", orderable=False)

    class Meta:
        template_name = "django_tables2/bootstrap5.html"

    def render_number(self, record: Payment) -> str:
        return record.ref

    def render_amount(self, value: int) -> str:
        return money.show(value, "USD")


@allowed(Can.SEE_MONEY)
def payment_list(request: ClinicRequest) -> HttpResponse:
    """All payments; counted exactly and paged by OFFSET, as the package does by itself."""
    narrow = PaymentFilter.of(request, payments())
    rows, like = narrow.qs, request.GET.get("like", "")
    if like:  # a search as it is written first
        rows = rows.filter(Q(patient__first_name__icontains=like) | Q(patient__last_name__icontains=like))
    table = PlainTable(rows)
    django_tables2.RequestConfig(request, paginate={"per_page": 15}).configure(table)
    context = {"filter": narrow, "table": table, "cards": drawn_cards(request)}
    return render(request, "bench/payment_list.html", context)


@allowed(Can.SEE_MONEY)
def day_events(request: ClinicRequest) -> HttpResponse:
    """Today's treatments as a bare list: five columns of one query, without money."""
    clinic = request.member.clinic
    rows = list(events_between(*clock.day_bounds(clinic, clock.today(clinic))))
    return render(request, "bench/day_events.html", {"rows": rows})


@allowed(Can.SEE_MONEY)
def day_payments(request: ClinicRequest) -> HttpResponse:
    """Today's payments at a location as a bare list: five columns of one query."""
    day = clock.today(request.member.clinic)
    rows = Payment.objects.filter(receipt__business_date=day, location=int(request.GET["location"]))
    rows = rows.select_related("patient", "receipt").order_by("number")
    return render(request, "bench/day_payments.html", {"rows": list(rows)})


def cards(today: date) -> Cards:
    """The figures of the cards, summed from the payments and the ledger whenever somebody looks."""
    late = Q(due_date__lt=today, status__in=OVERDUE)
    rows = Payment.objects.order_by().values("status")
    rows = rows.annotate(Count("pk"), Sum("amount"))
    rows = rows.annotate(late_count=Count("pk", filter=late), late=Sum("amount", filter=late, default=0))
    standing = {
        row["status"]: Standing(row["pk__count"], row["amount__sum"], row["late_count"], row["late"]) for row in rows
    }
    entries = Entry.objects.filter(kind__in=("receive", "unreceive", *BACK)).order_by()
    by_month = entries.annotate(month=TruncMonth("posting__business_date")).values("month")
    lines = by_month.annotate(
        gross=Sum("credit_delta", filter=~Q(kind__in=BACK), default=0),
        gone=Sum("credit_delta", filter=Q(kind__in=BACK), default=0),
    )
    months = {line["month"]: (line["gross"], -line["gone"]) for line in lines}
    net = {month: gross - returned for month, (gross, returned) in months.items()}
    return Cards(
        gross=sum(gross for gross, _ in months.values()),
        returned=sum(returned for _, returned in months.values()),
        months=tuple((month, net.get(month, 0)) for month in last_months(today)),
        standing=tuple(sorted(standing.items())),
    )


@allowed(Can.TAKE_PAYMENT)
def pay(request: ClinicRequest, charge: int) -> HttpResponse:
    """A payment and its allocation, row by row: six inserts by the ORM. No receipt, no trail, no one-time key."""
    with transaction.atomic():
        owed = Charge.objects.select_related("invoice", "account").get(pk=charge)
        payment = _pay(request, owed)
    return HttpResponse(payment.ref)


@allowed(Can.TAKE_PAYMENT)
def pay_in_full(request: ClinicRequest, charge: int) -> HttpResponse:
    """The same with all rows that ours leaves: key, receipt and both lines of the trail, each by the ORM."""
    with transaction.atomic():
        key, _ = RequestKey.objects.get_or_create(
            key=request.POST["request_key"], defaults={"user_id": request.user.pk, "body": request.POST["memo"]}
        )
        owed = Charge.objects.select_related("invoice").get(pk=charge)
        account = Account.objects.select_for_update(no_key=True).get(pk=owed.account_id)
        before = {name: getattr(account, name) for name in TOTALS}
        receipt = Receipt.objects.create(
            number=take(Receipt.KIND)[0],
            account=account,
            location_id=owed.invoice.location_id,
            business_date=clock.today(request.member.clinic),
        )
        payment = _pay(request, owed, request_key=key.key, receipt=receipt)
        account.refresh_from_db()
        after = {name: getattr(account, name) for name in TOTALS}
        record("ledger.receive+allocate", account, by=request.member, before=before, after=after)
        record("payment.received", receipt, by=request.member, after={"amount": payment.amount})
        key.answer = {"receipt": receipt.number}
        key.save(update_fields=["answer"])
    return HttpResponse(receipt.ref)


def _pay(request: ClinicRequest, owed: Charge, *, request_key: UUID | None = None, **more: Any) -> Payment:
    amount = money.parse(request.POST["amount"], request.member.clinic.currency)
    place: dict[str, Any] = {"location_id": owed.invoice.location_id}
    payment = Payment.objects.create(
        number=take(Payment.KIND)[0],
        account_id=owed.account_id,
        patient_id=owed.patient_id,
        amount=amount,
        method=Method.CASH,
        memo=request.POST["memo"],
        status=PaymentStatus.PAID,
        **place,
        **more,
    )
    act: dict[str, Any] = {"business_date": clock.today(request.member.clinic), "request_key": request_key, **place}
    credit = Credit.objects.create(
        account_id=owed.account_id, payment=payment, received_on=act["business_date"], amount=amount, **place
    )
    received = Posting.objects.create(kind=PostingKind.RECEIVE, **act)
    Entry.objects.create(posting=received, kind=EntryKind.RECEIVE, credit=credit, credit_delta=amount)
    applied = Posting.objects.create(kind=PostingKind.ALLOCATE, **act)
    Entry.objects.create(
        posting=applied,
        kind=EntryKind.ALLOCATE,
        charge=owed,
        charge_delta=-amount,
        credit=credit,
        credit_delta=-amount,
    )
    return payment
