"""Addresses of the daily close."""

from django.urls import path

from clinicpay.close.views import counts, days, proof, settings, versions

OF_DAY = "close/<int:location>/<day:day>/"

urlpatterns = [
    path("close/", days.close_days, name="close_days"),
    path("close/proof/", proof.close_proof, name="close_proof"),
    path(OF_DAY, days.close_day, name="close_day"),
    path(f"{OF_DAY}review/", days.close_review, name="close_review"),
    path(f"{OF_DAY}count/", counts.close_count, name="close_count"),
    path(f"{OF_DAY}close/", days.close_act, name="close_act"),
    path(f"{OF_DAY}reopen/", versions.close_reopen, name="close_reopen"),
    path(f"{OF_DAY}compare/", versions.close_compare, name="close_compare"),
    path(f"{OF_DAY}sheet.pdf", versions.close_sheet, name="close_sheet"),
    path(f"{OF_DAY}sheet/", versions.close_paper, name="close_paper"),
    path(f"{OF_DAY}points/<slug:check>/", days.close_points, name="close_points"),
    path("settings/business-day/", settings.settings_day, name="settings_day"),
]
