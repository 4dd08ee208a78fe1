"""Views with the mistakes that people make, and views that end badly; only tests have their addresses."""

from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path

from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.access import ClinicRequest, allowed, public
from clinicpay.staff.roles import Can
from clinicpay.urls import handler500  # noqa: F401 - a broken view answers as in service
from clinicpay.urls import urlpatterns as real
from payments.models import Payment
from payments.states import Method, PaymentStatus

LEFT = "left behind"


@allowed(Can.ENTER)
def get_by_pk(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(Patient.objects.get(pk=request.GET["patient"]).name)


@allowed(Can.ENTER)
def update_by_pk(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(Location.objects.filter(pk=request.POST["location"]).update(address="taken over"))


@allowed(Can.ENTER)
def raw_sql(request: ClinicRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("select string_agg(last_name, ', ') from patients_patient")
        return HttpResponse(cursor.fetchone()[0])


@allowed(Can.ENTER)
def unfiltered_search(request: ClinicRequest) -> HttpResponse:
    found = Account.objects.filter(name__icontains=request.GET["q"]) | Account.objects.exclude(email="")
    return HttpResponse(", ".join(str(account) for account in found))


@allowed(Can.ENTER)
def mass_assignment(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(Location.objects.create(**request.POST.dict()).pk)


@allowed(Can.ENTER)
def names(request: ClinicRequest) -> HttpResponse:
    return HttpResponse(", ".join(Patient.objects.values_list("last_name", flat=True)))


@public
def names_without_clinic(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(", ".join(Patient.objects.values_list("last_name", flat=True)))
    except DatabaseError:
        return HttpResponse("refused")


@allowed(Can.ENTER)
def lazy_template(request: ClinicRequest) -> HttpResponse:
    template = engines["django"].from_string("{% for patient in patients %}{{ patient.last_name }} {% endfor %}")
    return TemplateResponse(request, template, {"patients": Patient.objects.order_by("pk")})


@allowed(Can.ENTER)
def streamed_csv(request: ClinicRequest) -> HttpResponse:
    def lines() -> Iterator[str]:
        for patient in Patient.objects.order_by("pk").iterator(chunk_size=1):
            yield f"{patient.ref},{patient.last_name}\n"

    return StreamingHttpResponse(lines(), content_type="text/csv")


def _leave_a_row() -> None:
    Location.objects.create(name=LEFT)


@allowed(Can.ENTER)
def raises(request: ClinicRequest) -> HttpResponse:
    _leave_a_row()
    raise RuntimeError("planted")


@allowed(Can.ENTER)
def refuses(request: ClinicRequest) -> HttpResponse:
    _leave_a_row()
    raise PermissionDenied


@allowed(Can.ENTER)
def template_raises(request: ClinicRequest) -> HttpResponse:
    _leave_a_row()
    template = engines["django"].from_string("{% for name in names %}{{ name }}{% endfor %}")
    return TemplateResponse(request, template, {"names": (1 / zero for zero in [0])})


@allowed(Can.ENTER)
def answers_503(request: ClinicRequest) -> HttpResponse:
    _leave_a_row()
    return HttpResponse(status=503)


@allowed(Can.ENTER)
def breaks_at_commit(request: ClinicRequest) -> HttpResponse:
    """A paid payment without its money: the deferred constraint trigger refuses it at COMMIT."""
    _leave_a_row()
    Payment.objects.create(
        number=999_999,
        account=Account.objects.earliest("pk"),
        location=Location.objects.earliest("pk"),
        amount=100,
        method=Method.CASH,
        status=PaymentStatus.PAID,
    )
    return HttpResponse("saved")


VIEWS = [
    get_by_pk,
    update_by_pk,
    raw_sql,
    unfiltered_search,
    mass_assignment,
    names,
    lazy_template,
    streamed_csv,
    raises,
    refuses,
    template_raises,
    answers_503,
    breaks_at_commit,
]

urlpatterns = [
    *real,
    path("planted/names/", names_without_clinic),
    *[path(f"c/<slug:slug>/planted/{view.__name__}/", view, name=view.__name__) for view in VIEWS],
]
