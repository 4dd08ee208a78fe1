"""Documents and notes of payments, treatments and accounts: each panel is a part of its page, and a page by itself."""

from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.requests import Repeated
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.downloads import download
from clinicpay.ui.htmx import trigger, wants_part
from payments.forms import DocumentsForm, NoteForm, RemoveForm
from payments.models import Document, DocumentContent, Payment
from payments.models.files import Subject
from payments.queries import documents_of, notes_of
from payments.services import add_note, attach_document, remove_document
from treatments.models import TreatmentEvent


def documents_panel(request: ClinicRequest, subject: Subject) -> dict[str, Any]:
    """What templates/payments/documents_panel.html needs."""
    return {
        "documents_form": DocumentsForm(too_large=[]),
        "documents_url": _address(request, subject, "documents"),
        **documents_of(subject),
    }


def notes_panel(request: ClinicRequest, subject: Subject) -> dict[str, Any]:
    """What templates/payments/notes_panel.html needs."""
    return {"notes_form": NoteForm(), "notes_url": _address(request, subject, "notes"), **notes_of(subject)}


@allowed(Can.SEE_MONEY, post=Can.ATTACH, shows="subject")
def payment_documents(request: ClinicRequest, number: int) -> HttpResponse:
    """The documents of a payment (S1.78)."""
    return _documents(request, _payment(number))


@allowed(Can.SEE_MONEY, post=Can.ATTACH, shows="subject")
def treatment_documents(request: ClinicRequest, number: int) -> HttpResponse:
    """The documents of a treatment: the evidence that its review asks for (K3)."""
    return _documents(request, _event(number))


@allowed(Can.SEE_MONEY, post=Can.ATTACH, shows="subject")
def payment_notes(request: ClinicRequest, number: int) -> HttpResponse:
    """The notes of a payment (S1.79)."""
    return _notes(request, _payment(number))


@allowed(Can.SEE_MONEY, post=Can.ATTACH, shows="subject")
def treatment_notes(request: ClinicRequest, number: int) -> HttpResponse:
    """The finance notes of a treatment (S0.8)."""
    return _notes(request, _event(number))


@allowed(Can.FOLLOW_UP, shows="subject")
def account_notes(request: ClinicRequest, number: int) -> HttpResponse:
    """The finance notes of an account, for whoever follows up what it owes (S2.21)."""
    return _notes(request, get_object_or_404(Account, number=number))


@allowed(Can.SEE_MONEY, shows="document")
def document_file(request: ClinicRequest, document: int) -> HttpResponse:
    """The file itself, to save; never to be opened as a page of ours."""
    contents = DocumentContent.objects.select_related("document__payment", "document__event", "document__account")
    found = get_object_or_404(contents, document=document, document__removed_at=None)
    request.shown = {"document": found.document}
    return download(bytes(found.data), found.document.name, found.document.kind)


@allowed(Can.ATTACH, shows="document")
def document_remove(request: ClinicRequest, document: int) -> HttpResponse:
    """Take a document away, with a reason."""
    rows = Document.objects.select_related("payment", "event", "account")
    found = get_object_or_404(rows, pk=document, removed_at=None)
    form = RemoveForm(request.POST or None)
    back = _address(request, found.subject, "")
    if request.method == "POST" and form.is_valid():
        remove_document(found, by=request.member, reason=form.cleaned_data["reason"])
        notify(request, f"{found.name} was removed.")
        return redirect_after(request, back)
    return render_page(request, "payments/document_remove.html", {"document": found, "form": form, "back": back})


_PLACES: dict[type, tuple[str, str]] = {
    Payment: ("payment", "payment"),
    TreatmentEvent: ("treatment", "treatment"),
    Account: ("account", "follow_up"),
}
"""How the addresses of a subject's parts begin, and its page."""


def _payment(number: int) -> Payment:
    return get_object_or_404(Payment.objects.select_related("patient"), number=number)


def _event(number: int) -> TreatmentEvent:
    return get_object_or_404(TreatmentEvent.objects.select_related("patient"), number=number)


def _address(request: ClinicRequest, subject: Subject, part: str) -> str:
    kind, page = _PLACES[type(subject)]
    return address(request.member.clinic, f"{kind}_{part}" if part else page, number=subject)


def _documents(request: ClinicRequest, subject: Subject) -> HttpResponse:
    refused: list[tuple[str, str]] = []
    if request.method == "POST":
        refused = _attach(request, subject)
        if not refused and not wants_part(request):
            return redirect_after(request, _address(request, subject, ""))
    context = documents_panel(request, subject) | _page_of(request, subject) | {"refused": refused}
    status = 422 if refused else 200
    response = render_page(request, "payments/documents.html", context, fragment="panel", status=status)
    if request.method == "POST":
        trigger(response, "documents-changed")  # a treatment's page shows it as evidence, too
    return response


def _attach(request: ClinicRequest, subject: Subject) -> list[tuple[str, str]]:
    """Keep what may be kept, and say what may not, by its name."""
    form = DocumentsForm(request.POST, request.FILES, too_large=getattr(request, "too_large", []))
    if not form.is_valid():
        return [("", str(words)) for errors in form.errors.values() for words in errors]
    kept, refused = [], []
    for name, file in form.judged():
        try:
            if isinstance(file, str):
                raise Refusal(file)
            what = form.cleaned_data["what"]
            kept.append(attach_document(subject, file, by=request.member, what=what).name)
        except Refusal as refusal:
            refused.append((name, str(refusal)))
    if kept:
        notify(request, f"{kept[0] if len(kept) == 1 else f'{len(kept)} files'} attached.")
    return refused


def _notes(request: ClinicRequest, subject: Subject) -> HttpResponse:
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        once = form.once(f"{subject._meta.label} {subject.pk}")
        with suppress(Repeated):
            add_note(subject, form.cleaned_data["text"], by=request.member, once=once)
        if not wants_part(request):
            return redirect_after(request, _address(request, subject, ""))
        form = NoteForm()
    context = notes_panel(request, subject) | _page_of(request, subject) | {"notes_form": form, "form": form}
    return render_page(request, "payments/notes.html", context, fragment="panel")


def _page_of(request: ClinicRequest, subject: Subject) -> dict[str, Any]:
    return {"subject": subject, "back": _address(request, subject, "")}
