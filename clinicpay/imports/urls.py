"""Addresses of a clinic's settings about importing."""

from django.urls import path

from clinicpay.imports import views

urlpatterns = [
    path("", views.import_files, name="settings_import"),
    path("template.zip", views.import_template, name="import_template"),
]
