"""Addresses of exports and of account codes."""

from django.urls import path

from clinicpay.exports import views

urlpatterns = [
    path("reports/exports/", views.exports, name="exports"),
    path("reports/exports/new/", views.export_new, name="export_new"),
    path("reports/exports/<ex:number>/", views.export, name="export"),
    path("reports/exports/<ex:number>/file/", views.export_file, name="export_file"),
    path("settings/account-codes/", views.settings_codes, name="settings_codes"),
]
