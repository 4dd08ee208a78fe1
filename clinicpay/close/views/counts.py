"""Counting the drawer of a day."""

from datetime import date
from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.close.forms import CountForm
from clinicpay.close.queries import current_close
from clinicpay.close.queries.totals import drawer_of, tenders_of_day
from clinicpay.close.services import count_cash
from clinicpay.close.states import CloseState
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.views.acts import done

INVALID = 422


@allowed(Can.REVIEW_DAY)
def close_count(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """Count notes and coins, say what stays for the next day, and what the terminals say."""
    place, clinic = get_object_or_404(Location, pk=location), request.member.clinic
    close, back = current_close(place, day), address(clinic, "close_day", location=place.pk, day=day)
    if close is None or close.state != CloseState.REVIEWING:
        notify(request, "Cash is counted while a day is in review.")
        return redirect_after(request, back)
    tenders = tenders_of_day(place, day)
    drawer = drawer_of(place, day, close, tenders)
    mark = f"{close.pk}-{drawer.count.pk if drawer.count else 0}"
    form = CountForm(request.POST or None, drawer=drawer, tenders=tenders, currency=clinic.currency, mark=mark)
    if request.method == "POST" and form.is_valid():
        act = partial(count_cash, place, day, form.counted(), by=request.member, once=form.once(close.pk))
        if done(request, form, act, "The count was saved."):
            return redirect_after(request, back)
    context = {"form": form, "drawer": drawer, "location": place, "day": day, "close": close}
    return render_page(request, "close/count.html", context, status=INVALID if form.errors else 200)
