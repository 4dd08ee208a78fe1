"""The link of a payment: made, shown to be copied, revoked."""

from functools import partial
from typing import Any

import qrcode
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST
from qrcode.image.svg import SvgPathImage

from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import LinkForm, SendForm
from payments.gateways import gateway_of
from payments.models import Checkout, Message, Payment, PaymentLink
from payments.queries import messages_about
from payments.services import Mail, make_link, revoke_link, send_mail_of
from payments.services.checkouts import takes_payment
from payments.services.gateway_tasks import tasks_of
from payments.services.links import link_of, link_words, path_of
from payments.states import CHECKOUT_LIVE, EDITABLE, PaymentStatus
from payments.views.acts import done


def link_panel(request: ClinicRequest, payment: Payment) -> dict[str, Any]:
    """What templates/payments/link_panel.html shows beside a payment, under `link_panel`."""
    link = link_of(payment)
    is_live = link is not None and takes_payment(link, payment)
    may_make = request.member.can(Can.TAKE_PAYMENT) and payment.status in EDITABLE and not is_live
    url = request.build_absolute_uri(path_of(link)) if link and is_live else ""
    return {
        "link": link,
        "is_live": is_live,
        "url": url,
        "qr": qr_of(url) if url else "",
        "why_dead": _why_dead(link, payment) if link and not is_live else "",
        "open_since": _open_since(payment) if link else None,
        "may_make": may_make,
        "nobody": may_make and gateway_of(request.member.clinic) is None,
        "submits": payment.status == PaymentStatus.DRAFT,
        "form": LinkForm(),
        "tasks": tasks_of(payment),
        "sent": messages_about(payment)["messages_sent"] if is_live else [],
    }


def qr_of(url: str) -> SafeString:
    """A drawing of an address, for a phone that points at the screen."""
    code = qrcode.make(url, image_factory=SvgPathImage, border=2)
    return mark_safe(code.to_string(encoding="unicode"))  # noqa: S308 - drawn from our own address


def _why_dead(link: PaymentLink, payment: Payment) -> str:
    if payment.status not in EDITABLE:
        return f"The payment is {payment.get_status_display()}, so its link no longer takes payment."
    return "The link has expired and no longer takes payment."


def _open_since(payment: Payment) -> Any:
    live = Checkout.objects.filter(payment=payment, state__in=CHECKOUT_LIVE)
    return live.values_list("made_at", flat=True).first()


@require_POST
@allowed(Can.TAKE_PAYMENT)
def link_make(request: ClinicRequest, number: int) -> HttpResponse:
    """Make the link; it stands on the payment's page, to be copied."""
    payment = get_object_or_404(Payment, number=number)
    form = LinkForm(request.POST)
    was_draft = payment.status == PaymentStatus.DRAFT
    if form.is_valid():
        make_link(payment, by=request.member, days=form.cleaned_data["days"])
        submitted = f" {payment.ref} was submitted, and is Pending now." if was_draft else ""
        notify(request, f"The link is ready to be copied.{submitted}")
    else:
        notify(request, "Choose for how long the link is good.")
    return redirect_after(request, address(request.member.clinic, "payment", number=number))


@allowed(Can.SEND_MAIL, shows="payment")
def link_send(request: ClinicRequest, number: int) -> HttpResponse:
    """Send the link to an address; the patient's or the account's comes filled in."""
    payment = get_object_or_404(Payment.objects.select_related("patient", "account"), number=number)
    clinic, link = request.member.clinic, link_of(payment)
    if link is None or not takes_payment(link, payment):
        return _over(request, payment, f"{payment.ref} has no link that takes payment.")
    form = SendForm(request.POST or None, initial={"to": _address_of(payment)})
    if request.method == "POST" and form.is_valid():
        to, once = form.cleaned_data["to"], form.once("link", payment.pk)
        subject, body = link_words(payment, link, site=request.build_absolute_uri("/").rstrip("/"), clinic=clinic)
        act = partial(send_mail_of, payment, Mail(Message.Kind.LINK, to, subject, body), by=request.member, once=once)
        if done(request, form, act, f"The link is on its way to {to}."):
            return redirect_after(request, address(clinic, "payment", number=number))
    context = {"payment": payment, "link": link, "form": form}
    return render_page(request, "payments/link_send.html", context, status=422 if form.is_bound else 200)


def _address_of(payment: Payment) -> str:
    return (payment.patient.email if payment.patient else "") or payment.account.email


def _over(request: ClinicRequest, payment: Payment, words: str) -> HttpResponse:
    notify(request, words, messages.WARNING)
    return redirect_after(request, address(request.member.clinic, "payment", number=payment.number))


@require_POST
@allowed(Can.TAKE_PAYMENT)
def link_revoke(request: ClinicRequest, number: int) -> HttpResponse:
    """End the link at once."""
    payment = get_object_or_404(Payment, number=number)
    revoke_link(payment, by=request.member)
    notify(request, "The link was revoked. Whoever opens it is asked to speak to the clinic.")
    return redirect_after(request, address(request.member.clinic, "payment", number=number))
