"""Statements of one account: looked at, sent, printed, sent again."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.pdf import pdf_response
from followups.forms.statements import GiveForm, SpanForm
from followups.models import Statement
from followups.queries.statement_batches import address_of
from followups.queries.statements import Span, statement_content, statements_of
from followups.services.statements import Giving, give_statement, mail_statement, pdf_of
from followups.statements.paper import paper_of
from payments.forms import SendForm
from payments.gateways import gateway_of
from payments.queries import messages_about
from payments.views.acts import done, number_made

SHOWN, MOST = 20, 500
"""Statements that a panel lists, and that their own page does."""


@allowed(Can.SEND_STATEMENT, shows="account")
def statement_new(request: ClinicRequest, number: int) -> HttpResponse:
    """What the account's statement says now; sent or printed from here, exactly as it is shown."""
    account, clinic = get_object_or_404(Account, number=number), request.member.clinic
    days = SpanForm(request.GET or None, today=clock.today(clinic))
    is_print = "print" in request.POST
    form = GiveForm(request.POST or None, is_print=is_print, initial={"to": address_of(account)})
    if request.method == "POST" and form.is_valid() and not days.errors:
        given = _given(request, account, form, days.span)
        if given is not None:
            told = "is ready to be printed" if is_print else f"is on its way to {form.cleaned_data['to']}"
            notify(request, f"{Statement(number=given).ref} {told}.")
            return redirect_after(request, address(clinic, "statement", number=given))
    context = {"account": account, "days": days, "form": form, "paper": _preview(account, days.span, clinic)}
    return render_page(request, "followups/statement_new.html", context, status=422 if _is_wrong(days, form) else 200)


def _is_wrong(*forms: Any) -> bool:
    return any(form.is_bound and form.errors for form in forms)


def _preview(account: Account, span: Span, clinic: Any) -> dict[str, Any]:
    content = statement_content(account, span, clinic)
    paper = paper_of(content)
    return paper | {"pay": bool(content["due"] and gateway_of(clinic) and content["account"])}


def _given(request: ClinicRequest, account: Account, form: GiveForm, span: Span) -> int | None:
    """The number of the statement; None if it was refused."""
    giving, once = Giving(span, form.cleaned_data["to"], site_of(request)), form.once(account.pk, span)
    return number_made(form, lambda: give_statement(account, giving, by=request.member, once=once).number, "statement")


def site_of(request: HttpRequest) -> str:
    """Our own address, as this person reached it."""
    return request.build_absolute_uri("/").rstrip("/")


def _statement(number: int) -> Statement:
    return get_object_or_404(Statement.objects.select_related("account", "link", "location", "run"), number=number)


@allowed(Can.SEND_STATEMENT, shows="statement")
def statement(request: ClinicRequest, number: int) -> HttpResponse:
    """A statement as it was given out, and what became of its emails."""
    found = _statement(number)
    context = {"statement": found, "paper": paper_of(found.content, found), **messages_about(found)}
    context["made_by"] = names_of([found.made_by_id]).get(found.made_by_id or 0, "ClinicPay")
    return render_page(request, "followups/statement.html", context, fragment="mail")


@allowed(Can.SEND_STATEMENT, shows="statement")
def statement_document(request: ClinicRequest, number: int) -> HttpResponse:
    """The PDF that went out."""
    found = _statement(number)
    request.shown = {"statement": found}
    return pdf_response(pdf_of(found), f"{found.ref}.pdf")


@allowed(Can.SEND_STATEMENT, shows="statement")
def statement_send(request: ClinicRequest, number: int) -> HttpResponse:
    """Send it again as it was, to the same address or another."""
    found, clinic = _statement(number), request.member.clinic
    form = SendForm(request.POST or None, initial={"to": found.to or address_of(found.account)})
    if request.method == "POST" and form.is_valid():
        to, once = form.cleaned_data["to"], form.once("statement", found.pk)
        act = partial(mail_statement, found, to, by=request.member, once=once)
        if done(request, form, act, f"{found.ref} is on its way to {to}."):
            return redirect_after(request, address(clinic, "statement", number=number))
    context = {"statement": found, "form": form}
    return render_page(request, "followups/statement_send.html", context, status=422 if form.is_bound else 200)


@allowed(Can.SEND_STATEMENT, shows="account")
def account_statements(request: ClinicRequest, number: int) -> HttpResponse:
    """What was given out about an account: who, when, to whom, over how much; also a part of other pages."""
    account = get_object_or_404(Account, number=number)
    most = SHOWN if wants_part(request) else MOST
    found = list(statements_of(account)[: most + 1])
    given, is_cut = found[:most], len(found) > most
    names = names_of(one.made_by_id for one in given)
    rows = [{"given": one, "who": names.get(one.made_by_id or 0, "ClinicPay"), "mail": _newest(one)} for one in given]
    context = {"account": account, "rows": rows, "is_cut": is_cut}
    return render_page(request, "followups/account_statements.html", context, fragment="list")


def _newest(statement: Statement) -> Any:
    """The last email with it, of those that were read along."""
    return max(statement.messages.all(), key=lambda one: one.pk, default=None)
