"""The path of a clinic's request: membership or 404, then everything inside the clinic's scope."""

import re
from collections.abc import Callable, Iterable, Iterator

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinicpay.audit.services import record_refusal
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Conflict, Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff import problems
from clinicpay.staff.access import ClinicRequest, Refused
from clinicpay.staff.models import User
from clinicpay.staff.queries import memberships_of
from clinicpay.staff.second_step import AFTER_SECOND_STEP, asks
from clinicpay.staff.sessions import keep_to
from clinicpay.ui.answers import toast
from clinicpay.ui.htmx import go, page_path, wants_part

SAID: dict[type[Exception], int] = {Refused: 403, Refusal: 409, Conflict: 409}
"""Exceptions whose message is for the user, and the status that they answer."""

WRONG_CLINIC = (
    "This was sent from a page of {there} to {here}. Nothing was saved in either clinic:"
    " open the page in the clinic that you mean and send it there."
)
SAFE = {"GET", "HEAD", "OPTIONS"}

_NUMBER = re.compile(r"\b[A-Z]{1,4}-\d+\b")
_CLINIC_PATH = re.compile(r"^/c/(?P<slug>[-a-zA-Z0-9_]+)/")


class ClinicMiddleware:
    """Pins the clinic that the address names, for members of it alone.

    The scope, and with it the transaction, wraps the whole response including template
    rendering; an exception or a status of 500 and above rolls everything back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ClinicRequest) -> HttpResponse:
        found = _CLINIC_PATH.match(request.path_info)
        if not found:
            response = self.get_response(request)
            is_step = response.status_code == 405  # first, so that nobody is looked up for any other answer
            return _worded(request, response) if is_step and request.user.is_authenticated else response
        if not request.user.is_authenticated:
            return redirect_to_login(_page_of(request))
        self._enter(request, request.user, found["slug"])
        clinic = request.member.clinic
        if asks(clinic, request.member.role) and not request.member.has_second_step:
            return _to_second_step(request)
        with timezone.override(clock.zone(clinic)), clinic_scope(clinic, request.user):
            response = self._answer(request, found["slug"])
            if response.status_code >= 500:
                transaction.set_rollback(True)
        self._record_refusal(request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _scoped(response.streaming_content, request.member.clinic, request.user.pk)
        return response

    def _answer(self, request: ClinicRequest, slug: str) -> HttpResponse:
        """The view's answer; a form of another clinic's page is refused before any view (A19)."""
        if request.method not in SAFE and (other := _clinic_of_page(request, slug)):
            return self._refuse(request, 409, WRONG_CLINIC.format(here=request.member.clinic.name, there=other))
        return _worded(request, self.get_response(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Whatever ends a view by exception, also as a 403 or 404, leaves nothing behind.

        A refusal that no form has shown is said on a page of its own, or as a toast.
        """
        problems.remember_helpers(request)
        if hasattr(request, "member"):  # elsewhere no transaction of ours is open
            transaction.set_rollback(True)
        status = next((status for kind, status in SAID.items() if isinstance(exception, kind)), None)
        if status is None:
            return None
        if isinstance(exception, Refused):
            request.refused = str(exception)  # type: ignore[attr-defined]
        return self._refuse(request, status, str(exception))

    def _refuse(self, request: HttpRequest, status: int, words: str) -> HttpResponse:
        if wants_part(request):
            return toast(HttpResponse(status=status), words, "error")
        return problems.page(request, status, exception=words)

    def _record_refusal(self, request: ClinicRequest) -> None:
        """An attempt that the role refused is kept, in a transaction of its own: the attempt's was rolled back."""
        why = getattr(request, "refused", "")
        if why:
            with clinic_scope(request.member.clinic, request.user):
                record_refusal(_tried(request), by=request.member, why=why)

    def _enter(self, request: ClinicRequest, user: User, slug: str) -> None:
        request.memberships = memberships_of(user)
        keep_to(request, request.memberships)
        for member in request.memberships:
            if member.clinic.slug == slug:
                request.member = member
                return
        raise Http404


def _worded(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A person who opens the address of a step is told so; Django's own answer is empty."""
    if response.status_code == 405 and not wants_part(request):
        return problems.page(request, 405)
    return response


def _to_second_step(request: ClinicRequest) -> HttpResponse:
    """Nothing of the clinic is shown, and nothing done, until the person has set up what it asks for."""
    member = request.member
    del request.member  # the page stands before the clinic
    if wants_part(request):
        return go(HttpResponse(status=403), page_path(request))
    request.session[AFTER_SECOND_STEP] = _page_of(request)
    return render(request, "staff/second_step.html", {"at": member.clinic, "role": member.role_label}, status=403)


def _page_of(request: HttpRequest) -> str:
    """Where to come back to after signing in: for a form its page, which can be opened, not the step it was sent to."""
    before = "" if request.method in SAFE else problems.came_from(request)
    return before or request.get_full_path()


def _clinic_of_page(request: ClinicRequest, slug: str) -> str:
    """The clinic in whose page a form was opened, if it is another one than the address names; "" otherwise."""
    page = _CLINIC_PATH.match(problems.came_from(request))
    if not page or page["slug"] == slug:
        return ""
    return next((one.clinic.name for one in request.memberships if one.clinic.slug == page["slug"]), "another clinic")


def _tried(request: HttpRequest) -> str:
    """What was asked for: the address by its name, with the number of the record in it."""
    number = _NUMBER.search(request.path_info)
    page = request.resolver_match.view_name if request.resolver_match else ""
    return f"{page} {number[0]}" if number else page


def _scoped(chunks: Iterable[bytes], clinic: Clinic, user_id: int) -> Iterator[bytes]:
    """A streamed body is made after the middleware returns: enter the scope again for it."""
    with timezone.override(clock.zone(clinic)), clinic_scope(clinic, user_id):
        yield from chunks
