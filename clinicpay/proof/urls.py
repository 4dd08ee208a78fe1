"""The address of the proof, among the settings since the first release."""

from django.urls import path

from clinicpay.proof import views

urlpatterns = [path("settings/prove-it/", views.ledger_proof, name="ledger_proof")]
