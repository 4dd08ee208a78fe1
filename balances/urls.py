"""Addresses of the ledger's own pages and of its automatic runs."""

from django.urls import path

from balances.views import runs

urlpatterns = [
    path("auto-apply/", runs.auto_apply, name="auto_apply"),
    path("auto-apply/preview/", runs.auto_apply_preview, name="auto_apply_preview"),
    path("auto-apply/rules/", runs.allocation_rules, name="allocation_rules"),
    path("auto-apply/<run:number>/", runs.auto_apply_run, name="auto_apply_run"),
    path("auto-apply/<run:number>/progress/", runs.auto_apply_progress, name="auto_apply_progress"),
    path("auto-apply/<run:number>/stop/", runs.auto_apply_stop, name="auto_apply_stop"),
    path("auto-apply/<run:number>/again/", runs.auto_apply_again, name="auto_apply_again"),
    path("auto-apply/<run:number>/undo/", runs.auto_apply_undo, name="auto_apply_undo"),
]
