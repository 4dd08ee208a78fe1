"""Pages and acts of a member's own views of lists, and which parts of pages they keep open."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.forms import SaveViewForm, ViewNameForm
from clinicpay.staff.models import SavedView
from clinicpay.staff.roles import Can
from clinicpay.staff.saved_views import keep_open, remove_view, rename_view, save_view
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.ENTER)
def view_save(request: ClinicRequest) -> HttpResponse:
    """Keep the filters and the order of a list under a name; asked again only when something is wrong."""
    form = SaveViewForm(request.POST or None, member=request.member, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            view = save_view(request.member, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            notify(request, f"The view “{view.name}” was saved.")
            return redirect_after(request, _opened(request, view))
    return render_page(request, "staff/view_form.html", {"form": form})


@allowed(Can.ENTER)
def view_edit(request: ClinicRequest, saved: int) -> HttpResponse:
    """Rename one's own view."""
    found = get_object_or_404(SavedView, pk=saved, member=request.member)
    form = ViewNameForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            rename_view(found, by=request.member, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            notify(request, f"The view is called “{found.name}” now.")
            return redirect_after(request, _opened(request, found))
    context = {"form": form, "view": found, "back": _opened(request, found)}
    return render_page(request, "staff/view_form.html", context)


@require_POST
@allowed(Can.ENTER)
def view_remove(request: ClinicRequest, saved: int) -> HttpResponse:
    """Remove one's own view."""
    found = get_object_or_404(SavedView, pk=saved, member=request.member)
    remove_view(found, by=request.member)
    notify(request, f"The view “{found.name}” was removed.")
    return redirect_after(request, address(request.member.clinic, found.page))


@require_POST
@allowed(Can.ENTER)
def part_keep(request: ClinicRequest, key: str) -> HttpResponse:
    """Remember whether this person keeps a part of a page open."""
    keep_open(request.member.user, key, wanted=bool(request.POST.get("open")))
    return HttpResponse(status=204)


def _opened(request: ClinicRequest, view: SavedView) -> str:
    return f"{address(request.member.clinic, view.page)}?{view.query}"
