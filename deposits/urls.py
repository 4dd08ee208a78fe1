"""Addresses of deposits and of what goes to the bank."""

from django.urls import path

from deposits.views import exports, glance, history, reconcile, reconcile_runs, slips

urlpatterns = [
    path("deposits/", reconcile.deposits, name="deposits"),
    path("deposits/apply/", reconcile.deposit_apply, name="deposit_apply"),
    path("deposits/apply-all/", reconcile.deposits_apply_all, name="deposits_apply_all"),
    path("deposits/parties/<slug:party>/", reconcile.deposit_parties, name="deposit_parties"),
    path("deposits/allocations/<int:entry>/undo/", history.deposit_undo, name="deposit_undo"),
    path("deposits/runs/<run:number>/", reconcile_runs.deposit_run, name="deposit_run"),
    path("deposits/runs/<run:number>/progress/", reconcile_runs.deposit_run_progress, name="deposit_run_progress"),
    path("deposits/runs/<run:number>/stop/", reconcile_runs.deposit_run_stop, name="deposit_run_stop"),
    path("deposits/runs/<run:number>/again/", reconcile_runs.deposit_run_again, name="deposit_run_again"),
    path("deposits/overview/", glance.deposits_overview, name="deposits_overview"),
    path("deposits/overview/export.csv", exports.deposits_export, {"kind": "csv"}, name="deposits_csv"),
    path("deposits/overview/export.xlsx", exports.deposits_export, {"kind": "xlsx"}, name="deposits_xlsx"),
    path("deposits/slips/export.csv", exports.slips_export, {"kind": "csv"}, name="slips_csv"),
    path("deposits/slips/export.xlsx", exports.slips_export, {"kind": "xlsx"}, name="slips_xlsx"),
    path("deposits/slips/<bs:number>/lines.csv", exports.slip_export, {"kind": "csv"}, name="slip_csv"),
    path("deposits/slips/", slips.slips, name="slips"),
    path("deposits/slips/new/", slips.slip_new, name="slip_new"),
    path("deposits/slips/drafts/<int:location>/", slips.slip_draft, name="slip_draft"),
    path("deposits/slips/drafts/<int:location>/print/", slips.slip_print, name="slip_print"),
    path("deposits/slips/drafts/<int:location>/discard/", slips.slip_discard, name="slip_discard"),
    path("deposits/slips/<bs:number>/", slips.slip, name="slip"),
    path("deposits/slips/<bs:number>/slip.pdf", slips.slip_pdf, name="slip_pdf"),
    path("deposits/slips/<bs:number>/paper/", slips.slip_paper, name="slip_paper"),
    path("deposits/slips/<bs:number>/void/", slips.slip_void, name="slip_void"),
]
