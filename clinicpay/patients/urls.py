"""Addresses of patients. The patient's own page shows money and stands in payments."""

from django.urls import path

from clinicpay.patients import parties, views
from clinicpay.patients.eligibility import views as eligibility

urlpatterns = [
    path("", views.patient_list, name="patients"),
    path("new/", views.patient_new, name="patient_new"),
    path("found.json", views.patient_lookup, name="patient_lookup"),
    path("<pt:number>/benefits/", eligibility.benefits, name="benefits"),
    path("<pt:number>/benefits/new/", eligibility.benefits_new, name="benefits_new"),
    path("<pt:number>/benefits/read/", eligibility.benefits_read, name="benefits_read"),
    path("<pt:number>/benefits/<int:check>/withdraw/", eligibility.benefits_withdraw, name="benefits_withdraw"),
    path("<pt:number>/payers/", parties.payers, name="payers"),
    path("<pt:number>/payers/<ac:payer>/remove/", parties.payer_remove, name="payer_remove"),
    path("accounts/<ac:number>/edit/", parties.account_edit, name="account_edit"),
    path("<pt:number>/edit/", views.patient_edit, name="patient_edit"),
]
