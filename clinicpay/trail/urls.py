"""Addresses of the trail, its proof, and the histories of records."""

from django.urls import path

from clinicpay.trail import views

urlpatterns = [
    path("settings/trail/", views.trail, name="trail"),
    path("settings/trail/proof/", views.trail_proof, name="trail_proof"),
    path("settings/<str:section>/history/", views.settings_history, name="settings_history"),
    path("patients/<pt:number>/history/", views.patient_history, name="patient_history"),
    path("accounts/<ac:number>/history/", views.account_history, name="account_history"),
    path("treatments/<te:number>/history/", views.treatment_history, name="treatment_history"),
    path("payments/<pay:number>/history/", views.payment_history, name="payment_history"),
    path("receipts/<rcp:number>/history/", views.receipt_history, name="receipt_history"),
    path("invoices/<inv:number>/history/", views.invoice_history, name="invoice_history"),
]
