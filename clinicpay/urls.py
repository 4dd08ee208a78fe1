"""All addresses. Inside a clinic each begins with /c/<slug>/ and its view carries a permission mark."""

from allauth.account import urls as account
from django.urls import URLPattern, URLResolver, include, path

from clinicpay import health, home, metrics, notices, search
from clinicpay.clinics import addresses  # noqa: F401 - registers the path converters
from clinicpay.outcomes import foreseen
from clinicpay.outcomes import views as outcomes
from clinicpay.patients.eligibility import views as eligibility
from clinicpay.staff import clinic_views, list_views, session_views
from clinicpay.staff import views as staff
from followups.urls import public_pages as calendars
from payments.urls import public_pages

# Addresses are tried in order: what is opened all day stands first.
clinic_pages: list[URLPattern | URLResolver] = [
    path("", home.start, name="home"),
    path("", include("clinicpay.today.urls")),
    path("", include("payments.urls")),
    path("", include("followups.urls")),
    path("overview/billing/", home.billing_work, name="billing_work"),
    path("finance/", home.finance, name="finance"),
    path("overview/owed/", home.overview_ages, name="overview_ages"),
    path("find/", search.find, name="find"),
    path("views/", list_views.view_save, name="view_save"),
    path("views/<int:saved>/", list_views.view_edit, name="view_edit"),
    path("views/<int:saved>/remove/", list_views.view_remove, name="view_remove"),
    path("parts/<slug:key>/", list_views.part_keep, name="part_keep"),
    path("notices/<slug:key>/dismiss/", notices.dismiss, name="notice_dismiss"),
    path("patients/", include("clinicpay.patients.urls")),
    path("settings/", include("clinicpay.staff.urls")),
    path("settings/insurance-checks/", eligibility.settings_checks, name="settings_checks"),
    path("settings/import/", include("clinicpay.imports.urls")),
    path("", include("clinicpay.attention.urls")),
    path("treatments/<te:number>/", outcomes.treatment, name="treatment"),
    path(
        "treatments/<te:number>/bill/follow-up/",
        foreseen.treatment_bill_follow_up,
        name="treatment_bill_follow_up",
    ),
    path("invoices/<inv:number>/void/follow-up/", foreseen.invoice_void_follow_up, name="invoice_void_follow_up"),
    path(
        "invoices/<inv:number>/credit/<int:entry>/reverse/follow-up/",
        foreseen.credit_reverse_follow_up,
        name="credit_reverse_follow_up",
    ),
    path("", include("clinicpay.proof.urls")),
    path("", include("clinicpay.trail.urls")),
    path("", include("clinicpay.exports.urls")),
    path("", include("treatments.urls")),
    path("", include("balances.urls")),
    path("", include("clinicpay.night.urls")),
    path("", include("deposits.urls")),
    path("", include("clinicpay.close.urls")),
]

# Invitations go by the address: whoever could take another's would become the member that it invites.
OWN_ADDRESS = {"account_email", "account_email_verification_sent", "account_confirm_email"}
sign_in = [page for page in account.urlpatterns if page.name not in OWN_ADDRESS]

urlpatterns = [
    path("c/<slug:slug>/", include(clinic_pages)),
    path("", staff.my_clinics, name="my_clinics"),
    path("accounts/invitation/<str:token>/", staff.invitation, name="invitation"),
    path("accounts/", include(sign_in)),
    path("accounts/2fa/done/", clinic_views.after_second_step, name="after_second_step"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", session_views.my_sessions, name="usersessions_list"),
    path("accounts/sessions/end/", session_views.sessions_end, name="sessions_end"),
    path("accounts/sessions/<int:session>/end/", session_views.session_end, name="session_end"),
    path("accounts/sessions/stay/", session_views.session_stay, name="session_stay"),
    path("accounts/switch/", session_views.switch_user, name="switch_user"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include(public_pages)),
    path("", include(calendars)),
]

handler400 = "clinicpay.staff.problems.bad_request"
handler403 = "clinicpay.staff.problems.forbidden"
handler404 = "clinicpay.staff.problems.not_found"
handler500 = "clinicpay.away.error_page"
