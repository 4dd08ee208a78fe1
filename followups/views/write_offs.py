"""Asking for a write-off, its page, and what is decided there (S2.42–S2.45, S2.57, S2.58)."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.models import Invoice
from balances.requests import Repeated
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.delegations import OWN, NotDelegated, may_approve
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.forms import ClinicForm
from clinicpay.ui.htmx import INVALID, wants_part
from followups.forms.write_offs import RecoverForm, WriteOffForm
from followups.models import WriteOff
from followups.queries import by_bucket, lines
from followups.queries.write_offs import facts_of, parts_of, usable_money
from followups.services import (
    approve_write_off,
    recover_invoice,
    recoverable,
    reject_write_off,
    request_write_off,
    reverse_write_off,
    write_off_now,
)
from followups.states import WriteOffStatus
from followups.views.queue import _lists, back
from payments.forms import PlainForm, ReasonForm
from payments.views.acts import done


@allowed(Can.REQUEST_WRITE_OFF, shows="account")
def write_off_new(request: ClinicRequest, number: int) -> HttpResponse:
    """ "Write off": an owner, or a delegate within their leave, at once; everybody else asks for it (S2.42)."""
    account = get_object_or_404(Account, number=number)
    facts = facts_of(account)
    form = WriteOffForm(request.POST or None, facts=facts)
    if request.method == "POST" and form.is_valid() and (made := _asked(request, account, form)):
        account.refresh_from_db()
        return back(request, account) if wants_part(request) else redirect_after(request, made)
    context = {"account": account, "facts": facts, "form": form, "lacks": may_approve(request.member, form.amount)}
    context["may_less"] = bool(context["lacks"]) and not may_approve(request.member, 1)
    return render_page(request, "followups/write_off_new.html", context, fragment="panel")


def _asked(request: ClinicRequest, account: Account, form: WriteOffForm) -> str:
    """Do what the pressed button says; the address to go on to, or nothing and words on the form."""
    is_now = request.POST.get("step") == "now"
    act = write_off_now if is_now else request_write_off
    given, once = form.cleaned_data, form.once(account.pk, "write_off" if is_now else "request_write_off")
    try:
        made = act(account, form.chosen, by=request.member, reason=given["reason"], wish=form.wish(), once=once)
        number, amount = made.number, money.show(made.amount, request.member.clinic.currency)
        said = f"{amount} written off with {made.ref}." if is_now else f"{made.ref} waits for an owner: {amount}."
        notify(request, said)
    except Repeated as before:
        number = before.answer["write_off"]
    except (Refusal, NotDelegated) as refusal:
        form.add_error(None, str(refusal))
        return ""
    return address(request.member.clinic, "write_off", number=number)


@allowed(Can.FOLLOW_UP, shows="account")
def write_off(request: ClinicRequest, number: int) -> HttpResponse:
    """One write-off: what is asked, beside all that a decision needs; decided here."""
    return _page(request, _found(number), PlainForm())


def _found(number: int) -> WriteOff:
    return get_object_or_404(WriteOff.objects.select_related("account", "delegation__member__user"), number=number)


def _page(request: ClinicRequest, found: WriteOff, form: ClinicForm, refused: str = "") -> HttpResponse:
    parts, is_waiting = parts_of(found), found.status == WriteOffStatus.REQUESTED
    context = {
        "write_off": found,
        "parts": parts,
        "owes_now": sum(part.owes for part in parts),
        "has_changed": is_waiting and any(part.owes != part.asked for part in parts),
        "given_up": sum(part.given_up for part in parts),
        "people": _people(found),
        "is_waiting": is_waiting,
        "lacks": _lacks(request, found),
        "form": form,
        "refused": refused,
        **_of_account(request, found),
    }
    return render_page(request, "followups/write_off.html", context, status=INVALID if refused else None)


def _of_account(request: ClinicRequest, found: WriteOff) -> dict[str, Any]:
    """What a decision looks at beside the request itself."""
    account, is_waiting = found.account, found.status == WriteOffStatus.REQUESTED
    charges = [line.charge_id for line in found.lines.all()] if is_waiting else []
    return {
        "account": account,
        "usable": usable_money(account, charges) if is_waiting else [],
        "buckets": by_bucket(lines([account.pk])[0], clock.today(request.member.clinic)),
        "earlier": list(account.write_offs.exclude(pk=found.pk).order_by("-pk")[:10]),
        **_lists(account),
    }


def _people(found: WriteOff) -> dict[str, str]:
    """Who asked, decided, reversed, and gave the leave, by name."""
    given_by = found.delegation.made_by_id if found.delegation else None
    ids = {"asked": found.requested_by_id, "decided": found.decided_by_id, "reversed": found.reversed_by_id}
    names = names_of([*ids.values(), given_by])
    people = {act: names.get(pk or 0, "ClinicPay") for act, pk in ids.items()}
    return people | {"leave": names.get(given_by or 0, "ClinicPay")}


def _lacks(request: ClinicRequest, found: WriteOff) -> str:
    """Why this member does not decide it, in words."""
    if words := may_approve(request.member, found.amount):
        return words
    is_own = found.requested_by_id == request.member.user_id and not request.member.can(Can.APPROVE_OWN)
    return OWN if is_own and found.status == WriteOffStatus.REQUESTED else ""


@require_POST
@allowed(Can.FOLLOW_UP)
def write_off_approve(request: ClinicRequest, number: int) -> HttpResponse:
    """Give the debt up. What refuses it is said on the page, over figures of now."""
    found, form = _found(number), PlainForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        approve_write_off(found, by=request.member, once=form.once("approve_write_off", found.pk))
    except Repeated:
        pass
    except (Refusal, NotDelegated) as refusal:
        return _page(request, _found(number), PlainForm(), str(refusal))
    notify(
        request, f"{found.ref} was approved: {money.show(found.amount, request.member.clinic.currency)} written off."
    )
    return redirect_after(request, address(request.member.clinic, "write_off", number=number))


@allowed(Can.FOLLOW_UP, shows="account")
def write_off_decline(request: ClinicRequest, number: int) -> HttpResponse:
    """Turn a request down, with the reason."""
    return _with_reason(request, _found(number), "decline")


@allowed(Can.FOLLOW_UP, shows="account")
def write_off_reverse(request: ClinicRequest, number: int) -> HttpResponse:
    """Let the debt stand again, with the reason."""
    return _with_reason(request, _found(number), "reverse")


ACTS: dict[str, tuple[Any, str]] = {
    "decline": (reject_write_off, "{ref} was declined. The debt stays, and so does the work on it."),
    "reverse": (reverse_write_off, "{ref} was reversed. The debt is owed again."),
}


def _with_reason(request: ClinicRequest, found: WriteOff, name: str) -> HttpResponse:
    act, said = ACTS[name]
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason, once = form.cleaned_data["reason"], form.once(f"{name}_write_off", found.pk)
        asked = partial(act, found, by=request.member, reason=reason, once=once)
        try:
            if done(request, form, asked, said.format(ref=found.ref)):
                return redirect_after(request, address(request.member.clinic, "write_off", number=found.number))
        except NotDelegated as refusal:
            form.add_error(None, str(refusal))
    context = {"write_off": found, "account": found.account, "form": form, "name": name}
    return render_page(request, "followups/write_off_act.html", context | {"lacks": _lacks(request, found)})


@allowed(Can.ALLOCATE, shows="invoice")
def invoice_recover(request: ClinicRequest, number: int) -> HttpResponse:
    """ "Recover": money that came after a write-off pays what was given up (W4)."""
    invoice = get_object_or_404(Invoice.objects.select_related("account", "event"), number=number)
    found, clinic = recoverable(invoice), request.member.clinic
    initial = {"amount": found.most} if found.most else {}
    form = RecoverForm(request.POST or None, currency=clinic.currency, initial=initial)
    if request.method == "POST" and form.is_valid():
        amount = form.cleaned_data["amount"]
        act = partial(recover_invoice, invoice, amount, by=request.member, once=form.once(invoice.pk))
        if done(request, form, act, f"{money.show(amount, clinic.currency)} of {invoice.ref} recovered."):
            return redirect_after(request, address(clinic, "invoice", number=number))
    context = {"invoice": invoice, "found": found, "form": form}
    return render_page(request, "followups/recover.html", context)
