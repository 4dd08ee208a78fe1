"""All addresses. Inside a clinic each begins with /c/<slug>/ and its view carries a permission mark."""

from allauth.account import urls as account
from django.urls import URLPattern, URLResolver, include, path

from clinicpay import health, home, metrics, notices, search
from clinicpay.clinics import addresses  # noqa: F401 - registers the path converters
from clinicpay.staff import list_views
from clinicpay.staff import views as staff

clinic_pages: list[URLPattern | URLResolver] = [
    path("", home.start, name="home"),
    path("today/", home.today, name="today"),
    path("find/", search.find, name="find"),
    path("views/", list_views.view_save, name="view_save"),
    path("views/<int:saved>/", list_views.view_edit, name="view_edit"),
    path("views/<int:saved>/remove/", list_views.view_remove, name="view_remove"),
    path("notices/<slug:key>/dismiss/", notices.dismiss, name="notice_dismiss"),
    path("patients/", include("clinicpay.patients.urls")),
    path("settings/", include("clinicpay.staff.urls")),
    path("settings/import/", include("clinicpay.imports.urls")),
    path("", include("clinicpay.trail.urls")),
    path("", include("treatments.urls")),
    path("", include("balances.urls")),
    path("", include("payments.urls")),
]

# Invitations go by the address: whoever could take another's would become the member that it invites.
OWN_ADDRESS = {"account_email", "account_email_verification_sent", "account_confirm_email"}
sign_in = [page for page in account.urlpatterns if page.name not in OWN_ADDRESS]

urlpatterns = [
    path("", staff.my_clinics, name="my_clinics"),
    path("accounts/invitation/<str:token>/", staff.invitation, name="invitation"),
    path("accounts/", include(sign_in)),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("c/<slug:slug>/", include(clinic_pages)),
]

handler400 = "clinicpay.staff.problems.bad_request"
handler403 = "clinicpay.staff.problems.forbidden"
handler404 = "clinicpay.staff.problems.not_found"
handler500 = "clinicpay.away.error_page"
