"""Addresses of the trail, its proof, and the histories of records."""

from django.urls import path

from clinicpay.trail import export, views

urlpatterns = [
    path("settings/trail/", views.trail, name="trail"),
    path("settings/trail/export.csv", export.trail_csv, name="trail_csv"),
    path("settings/trail/proof/", views.trail_proof, name="trail_proof"),
    path("settings/<str:section>/history/", views.settings_history, name="settings_history"),
    path("patients/<pt:number>/history/", views.patient_history, name="patient_history"),
    path("accounts/<ac:number>/history/", views.account_history, name="account_history"),
    path("treatments/<te:number>/history/", views.treatment_history, name="treatment_history"),
    path("payments/<pay:number>/history/", views.payment_history, name="payment_history"),
    path("receipts/<rcp:number>/history/", views.receipt_history, name="receipt_history"),
    path("refunds/<rf:number>/history/", views.refund_history, name="refund_history"),
    path("write-offs/<wo:number>/history/", views.write_off_history, name="write_off_history"),
    path("packages/<tp:number>/history/", views.package_history, name="package_history"),
    path("plans/<pl:number>/history/", views.plan_history, name="plan_history"),
    path("deposits/slips/<bs:number>/history/", views.slip_history, name="slip_history"),
    path("close/<int:location>/<day:day>/history/", views.day_history, name="day_history"),
    path("reports/exports/<ex:number>/history/", views.export_history, name="export_history"),
    path("invoices/<inv:number>/history/", views.invoice_history, name="invoice_history"),
]
