"""The plain forms of our pages, as they are written without thinking of speed: what the bench compares with.

They stand behind the same middleware, on the same rows, in the same shell, and must come to the same results.
"""

from typing import Any

import django_tables2
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from balances.models import Charge, Credit, Entry, Posting
from balances.states import EntryKind, PostingKind
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.numbers import take
from clinicpay.staff.access import ClinicRequest, allowed, signed_in
from clinicpay.staff.roles import Can
from payments.filters import PaymentFilter
from payments.models import Payment
from payments.queries import payments
from payments.states import Method, PaymentStatus


@signed_in
def bare(request: HttpRequest) -> HttpResponse:
    """What any page behind the login costs: the session and the user."""
    return HttpResponse(str(request.user))


class PlainTable(django_tables2.Table):
    """The payments list as django-tables2 is used by its manual: every cell by its column."""

    number = django_tables2.Column("Payment ID", linkify=lambda record: f"../../payments/{record.ref}/")
    patient = django_tables2.Column("Patient", order_by=("patient__search_key", "account__name"))
    amount = django_tables2.Column("Amount")
    status = django_tables2.Column("Status")
    method = django_tables2.Column("Method", orderable=False)
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
    table = PlainTable(narrow.qs)
    django_tables2.RequestConfig(request, paginate={"per_page": 15}).configure(table)
    return render(request, "bench/payment_list.html", {"filter": narrow, "table": table})


@allowed(Can.TAKE_PAYMENT)
def pay(request: ClinicRequest, charge: int) -> HttpResponse:
    """A payment and its allocation, row by row: six inserts by the ORM. No receipt, no trail, no one-time key."""
    amount = money.parse(request.POST["amount"], request.member.clinic.currency)
    with transaction.atomic():
        owed = Charge.objects.select_related("invoice", "account").get(pk=charge)
        place: dict[str, Any] = {"location_id": owed.invoice.location_id}
        payment = Payment.objects.create(
            number=take(Payment.KIND)[0],
            account=owed.account,
            patient_id=owed.patient_id,
            amount=amount,
            method=Method.CASH,
            memo=request.POST["memo"],
            status=PaymentStatus.PAID,
            **place,
        )
        today = clock.today(request.member.clinic)
        credit = Credit.objects.create(account=owed.account, payment=payment, received_on=today, amount=amount, **place)
        received = Posting.objects.create(kind=PostingKind.RECEIVE, business_date=today, **place)
        Entry.objects.create(posting=received, kind=EntryKind.RECEIVE, credit=credit, credit_delta=amount)
        applied = Posting.objects.create(kind=PostingKind.ALLOCATE, business_date=today, **place)
        Entry.objects.create(
            posting=applied,
            kind=EntryKind.ALLOCATE,
            charge=owed,
            charge_delta=-amount,
            credit=credit,
            credit_delta=-amount,
        )
    return HttpResponse(payment.ref)
