"""Addresses of a clinic's settings of people and places."""

from django.urls import path

from clinicpay.staff import clinic_views, delegation_views, team_views
from clinicpay.staff import settings_views as views

urlpatterns = [
    path("clinic/", clinic_views.settings_clinic, name="settings_clinic"),
    path("sign-in/", clinic_views.settings_sign_in, name="settings_sign_in"),
    path("team/", team_views.team, name="settings_team"),
    path("team/<int:member>/", team_views.member, name="settings_member"),
    path("team/<int:member>/remove/", team_views.member_remove, name="member_remove"),
    path("team/<int:member>/second-step/", team_views.member_second_step, name="member_second_step"),
    path("team/<int:member>/sign-out/", team_views.member_sign_out, name="member_sign_out"),
    path("team/<int:member>/practitioner/", team_views.member_practitioner, name="member_practitioner"),
    path("team/invitations/<int:invitation>/withdraw/", team_views.invitation_withdraw, name="invitation_withdraw"),
    path("practitioners/", views.practitioners, name="settings_practitioners"),
    path("practitioners/<int:practitioner>/", views.practitioner_edit, name="settings_practitioner"),
    path("practitioners/<int:practitioner>/active/", views.practitioner_active, name="settings_practitioner_active"),
    path("locations/", views.locations, name="settings_locations"),
    path("locations/<int:location>/", views.location_edit, name="settings_location"),
    path("locations/<int:location>/active/", views.location_active, name="settings_location_active"),
    path("delegations/", delegation_views.settings_delegations, name="settings_delegations"),
    path("delegations/<int:delegation>/withdraw/", delegation_views.delegation_withdraw, name="delegation_withdraw"),
]
