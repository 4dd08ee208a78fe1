"""Addresses of a clinic's settings of people and places."""

from django.urls import path

from clinicpay.staff import settings_views as views

urlpatterns = [
    path("team/", views.team, name="settings_team"),
    path("practitioners/", views.practitioners, name="settings_practitioners"),
    path("locations/", views.locations, name="settings_locations"),
]
