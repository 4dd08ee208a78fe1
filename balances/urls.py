"""Addresses of the ledger's own pages."""

from django.urls import path

from balances import views

urlpatterns = [path("settings/prove-it/", views.ledger_proof, name="ledger_proof")]
