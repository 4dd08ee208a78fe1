"""Addresses of the nights."""

from django.urls import path

from clinicpay.night import views

urlpatterns = [
    path("nights/", views.nights, name="nights"),
    path("nights/run/", views.night_run_now, name="night_run_now"),
]
