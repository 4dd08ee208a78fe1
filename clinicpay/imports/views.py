"""Settings → Import: what a practice's files look like, and templates to fill in."""

from django.http import HttpResponse

from clinicpay.imports.bundle_format import SHEETS
from clinicpay.imports.bundle_words import template_archive
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page


@allowed(Can.MANAGE_SETTINGS)
def import_files(request: ClinicRequest) -> HttpResponse:
    """Every file and column of the bundle, and how it gets in."""
    return render_page(request, "settings/import.html", {"sheets": SHEETS})


@allowed(Can.MANAGE_SETTINGS)
def import_template(request: ClinicRequest) -> HttpResponse:
    """The templates as one zip file."""
    response = HttpResponse(template_archive(), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="practice-template.zip"'
    return response
