"""Addresses of patients. The patient's own page shows money and stands in payments."""

from django.urls import path

from clinicpay.patients import views

urlpatterns = [
    path("", views.patient_list, name="patients"),
    path("new/", views.patient_new, name="patient_new"),
    path("<pt:number>/edit/", views.patient_edit, name="patient_edit"),
]
