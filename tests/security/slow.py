"""Views that end badly in the database's hands; only tests have their addresses."""

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from clinicpay.clinics.models import Location
from clinicpay.staff.access import ClinicRequest, allowed, public
from clinicpay.staff.roles import Can
from clinicpay.urls import handler500
from clinicpay.urls import urlpatterns as real

__all__ = ["handler500"]

SECRET = "Ethan Canaryface 4111111111111111"


@allowed(Can.ENTER)
def sleeps(request: ClinicRequest) -> HttpResponse:
    """Saves something, then waits for longer than anybody may."""
    Location.objects.create(name="never kept")
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(60)")
    return HttpResponse("slept")


@allowed(Can.ENTER)
def raises(request: ClinicRequest) -> HttpResponse:
    """An error that quotes a patient, with another one under it."""
    patient: Any = SECRET
    try:
        int(patient)
    except ValueError as error:
        raise RuntimeError(f"no number: {patient}") from error
    return HttpResponse()


@allowed(Can.ENTER)
def breaks_a_rule(request: ClinicRequest) -> HttpResponse:
    """An error of the database that quotes the row."""
    place = Location.objects.get()
    Location.objects.create(pk=place.pk, name=SECRET)
    return HttpResponse()


@public
def asks_the_database(request: HttpRequest) -> HttpResponse:
    """The least that needs the database."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return HttpResponse("answered")


urlpatterns = [
    path("c/<slug:slug>/planted/sleeps/", sleeps),
    path("c/<slug:slug>/planted/raises/", raises),
    path("c/<slug:slug>/planted/breaks/", breaks_a_rule),
    path("planted/asks/", asks_the_database),
    path("planted/token/<str:token>/", asks_the_database),
    *real,
]
