"""The queue of who owes, and the panel of one account."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.queries import with_events
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.queries import family
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import trigger, wants_part
from clinicpay.ui.links import with_query
from clinicpay.ui.paging import CAP
from followups.filters.queue import QueueFilter
from followups.forms.contacts import AttemptForm, CallbackForm, WorkerForm
from followups.models import Callback
from followups.next_action import next_action
from followups.queries import (
    BUCKETS,
    Totals,
    bucket_of,
    bucket_totals,
    contacts,
    last_payments,
    lines,
    owing,
    promises_of,
    record_of_promises,
)
from followups.queries.calls import broken_promises, calls_of, planned_callback, with_payments
from followups.queries.origins import open_invoices, with_origins
from followups.services import cancel_callback, log_attempt, plan_callback, put_on_case, refuse_unseen
from followups.tables.plans import account_plans
from followups.tables.queue import QueueTable
from payments.views.acts import done
from payments.views.files import notes_panel

SPECIAL = BUCKETS[-1].key
"""The bucket that suggests a plan or a write-off (S2.20)."""

SHOWN = 50
"""Open invoices and contacts that the panel lists; its page has all of them for who asks (`?all=1`)."""

NAMED = 3
"""Broken promises that stand by name above the queue, which is sorted by age all the same (S2.12)."""


@allowed(Can.FOLLOW_UP, shows="table")
def follow_ups(request: ClinicRequest) -> HttpResponse:
    """Who owes what since when, the oldest first (S2.8–S2.20)."""
    narrow = QueueFilter.of(request, owing())
    table = QueueTable.of(request, narrow.qs)
    context = {"filter": narrow, "table": table, "tabs": _tabs(request, narrow, is_asked=False)}
    context |= {"is_special": request.GET.get("age") == SPECIAL, "is_part": wants_part(request)}
    context["broken"] = list(broken_promises(request.member)[: NAMED + 1])
    return render_page(request, "followups/queue.html", context, fragment="results")


@allowed(Can.FOLLOW_UP)
def follow_up_totals(request: ClinicRequest) -> HttpResponse:
    """The tabs of a long queue with what is in each bucket: it comes beside the page, which does not wait for it."""
    tabs = _tabs(request, QueueFilter.of(request, owing()), is_asked=True)
    return render_page(request, "followups/queue_totals.html", {"tabs": tabs}, fragment="totals")


def _tabs(request: ClinicRequest, narrow: QueueFilter, *, is_asked: bool) -> list[dict[str, Any]]:
    most = None if is_asked else CAP
    return tabs_of(request, bucket_totals(narrow.without_age, clock.today(request.member.clinic), most))


def tabs_of(request: ClinicRequest, totals: list[Totals]) -> list[dict[str, Any]]:
    """All ages, and each bucket with how many owe how much; every one is an address."""
    chosen = request.GET.get("age", "")
    every = ("", "All", _sum(one.accounts for one in totals), _sum(one.owed for one in totals))
    rows = [every, *((one.bucket.key, one.bucket.key, one.accounts, one.owed) for one in totals)]
    return [
        {
            "label": label,
            "accounts": accounts,
            "owed": owed,
            "current": key == chosen,
            "url": with_query(request.GET, age=key or None, page=None, after=None, before=None, at=None),
        }
        for key, label, accounts, owed in rows
    ]


def _sum(parts: Iterable[int | None]) -> int | None:
    known = [one for one in parts if one is not None]
    return sum(known) if known else None


@allowed(Can.FOLLOW_UP, shows="account")
def follow_up(request: ClinicRequest, number: int) -> HttpResponse:
    """One account's debt: invoices, payments, contacts, promises (S2.21–S2.24); a page, and the drawer of the queue."""
    return render_page(request, "followups/follow_up.html", _panel(request, account_of(number)), fragment="panel")


def account_of(number: int) -> Account:
    """The account with a number, or 404."""
    return get_object_or_404(Account, number=number)


def _panel(request: ClinicRequest, account: Account) -> dict[str, Any]:
    clinic, today = request.member.clinic, clock.today(request.member.clinic)
    [line] = lines([account.pk])
    case = line["case"]
    on_it = case["worker"] if case else None
    age = (today - account.oldest_open).days if account.oldest_open else None
    return {
        "account": account,
        "case": case,
        "age": age,
        "is_settled": case is None and not account.owes and not account.planned,
        "is_special": age is not None and bucket_of(age).key == SPECIAL,
        "next": next_action(case, line["instalment"], clinic),
        "patients": list(family(account)),
        "who": WorkerForm(initial={"member": on_it, "seen": on_it or ""}),
        "plans": account_plans(account, clinic),
        **with_origins(_lists(account, every="all" in request.GET), clinic.currency),
        "calls": calls_of(account, case),
        **notes_panel(request, account),
    }


def _lists(account: Account, *, every: bool = False) -> dict[str, Any]:
    """What stands below the figures: invoices, payments, contacts, promises; the first ones of many."""
    owed, more = _first(open_invoices(account), every=every)
    said, more_said = _first(contacts(account), every=every)
    names = names_of(one.made_by_id for one in said)
    return {
        "invoices": with_events(owed),
        "more_invoices": more,
        "more_contacts": more_said,
        "payments": last_payments(account),
        "contacts": [{"said": one, "who": names.get(one.made_by_id or 0, "ClinicPay")} for one in said],
        "promises": with_payments(list(promises_of(account))),
        "record": record_of_promises(account),
    }


def _first(rows: QuerySet[Any], *, every: bool) -> tuple[list[Any], bool]:
    """The first rows, and whether there are more."""
    found = list(rows if every else rows[: SHOWN + 1])
    return (found, False) if every else (found[:SHOWN], len(found) > SHOWN)


def back(request: ClinicRequest, account: Account) -> HttpResponse:
    """To the account; in the drawer it comes in the form's place, and the list behind is drawn anew."""
    if not wants_part(request):
        return redirect_after(request, address(request.member.clinic, "follow_up", number=account.number))
    account.refresh_from_db()
    response = render_page(request, "followups/follow_up.html", _panel(request, account), fragment="panel")
    trigger(response, "queue-changed")
    return response


@allowed(Can.FOLLOW_UP, shows="account")
def attempt_log(request: ClinicRequest, number: int) -> HttpResponse:
    """ "+ Log attempt" (S2.25–S2.32)."""
    account = account_of(number)
    form = AttemptForm(
        request.POST or None, currency=request.member.clinic.currency, callback=planned_callback(account)
    )
    if request.method == "POST" and form.is_valid():
        act = partial(log_attempt, account, form.said(), by=request.member, once=form.once(account.pk))
        if done(request, form, act, "The attempt was logged."):
            return back(request, account)
    context = {"account": account, "form": form}
    return render_page(request, "followups/attempt_form.html", context, fragment="panel")


@allowed(Can.FOLLOW_UP, shows="account")
def callback_plan(request: ClinicRequest, number: int) -> HttpResponse:
    """ "Schedule callback" (S2.33)."""
    account, clinic = account_of(number), request.member.clinic
    form = CallbackForm(request.POST or None, clinic=clinic, member=request.member, planned=planned_callback(account))
    if request.method == "POST" and form.is_valid():
        due_at, note, seen = form.cleaned_data["due_at"], form.cleaned_data["note"], form.seen_then
        act = partial(plan_callback, account, due_at, by=request.member, member=form.who(), note=note, seen=seen)
        if done(request, form, act, "The callback was scheduled."):
            return back(request, account)
        form.show_as(planned_callback(account))
    context = {"account": account, "form": form}
    return render_page(request, "followups/callback_form.html", context, fragment="panel")


@require_POST
@allowed(Can.FOLLOW_UP)
def callback_cancel(request: ClinicRequest, number: int) -> HttpResponse:
    """Give the planned callback up."""
    account = account_of(number)
    cancel_callback(seen_callback(request, account), by=request.member)
    notify(request, "The callback was cancelled.")
    return back(request, account)


def seen_callback(request: ClinicRequest, account: Account) -> Callback:
    """The callback that is planned, if it is the one that the page showed; a list does not say. Raises Refusal."""
    callback = planned_callback(account)
    refuse_unseen(callback, request.POST.get("seen"))
    if callback is None:
        raise Refusal("This callback was done or cancelled meanwhile.")
    return callback


@require_POST
@allowed(Can.FOLLOW_UP)
def case_worker(request: ClinicRequest, number: int) -> HttpResponse:
    """Claim an account, or hand it over."""
    account, form = account_of(number), WorkerForm(request.POST)
    if form.is_valid():
        member = form.who()
        put_on_case(account, member, by=request.member, seen=request.POST.get("seen"))
        notify(request, f"{member.user} is on it." if member else "Nobody is on it now.")
    return back(request, account)
