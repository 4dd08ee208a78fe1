"""Addresses of a clinic's settings of people and places."""

from django.urls import path

from clinicpay.staff import settings_views as views

urlpatterns = [
    path("team/", views.team, name="settings_team"),
    path("practitioners/", views.practitioners, name="settings_practitioners"),
    path("practitioners/<int:practitioner>/", views.practitioner_edit, name="settings_practitioner"),
    path("practitioners/<int:practitioner>/active/", views.practitioner_active, name="settings_practitioner_active"),
    path("locations/", views.locations, name="settings_locations"),
    path("locations/<int:location>/", views.location_edit, name="settings_location"),
    path("locations/<int:location>/active/", views.location_active, name="settings_location_active"),
]
