"""Addresses of pages that show money: patients and treatments with it, the desk, payments, documents."""

from django.urls import path

from payments.views import allocate, desk, documents, patient, payments, treatments

urlpatterns = [
    path("patients/<pt:number>/", patient.patient, name="patient"),
    path("patients/<pt:number>/receipts/", patient.receipts, name="patient_receipts"),
    path("patients/<pt:number>/pay/", desk.pay_for_patient, name="pay_for_patient"),
    path("treatments/", treatments.treatment_list, name="treatments"),
    path("treatments/new/", treatments.treatment_new, name="treatment_new"),
    path("treatments/<te:number>/", treatments.treatment, name="treatment"),
    path("treatments/<te:number>/complete/", treatments.treatment_complete, name="treatment_complete"),
    path("treatments/<te:number>/cancel/", treatments.treatment_cancel, name="treatment_cancel"),
    path("treatments/<te:number>/pay/", desk.pay_for_treatment, name="pay_for_treatment"),
    path("payments/", payments.payment_list, name="payments"),
    path("payments/<pay:number>/", payments.payment, name="payment"),
    path("payments/<pay:number>/allocate/", allocate.payment_allocate, name="payment_allocate"),
    path("payments/<pay:number>/undo/<int:entry>/", payments.allocation_undo, name="allocation_undo"),
    path("payments/<pay:number>/reverse/", payments.payment_reverse, name="payment_reverse"),
    path("receipts/<rcp:number>/", documents.receipt, name="receipt"),
    path("receipts/<rcp:number>/receipt.pdf", documents.receipt_pdf, name="receipt_pdf"),
    path("payments/<pay:number>/receipt.pdf", documents.payment_receipt_pdf, name="payment_receipt_pdf"),
    path("invoices/<inv:number>/", documents.invoice, name="invoice"),
]
