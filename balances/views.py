"""Pages of the ledger itself."""

from django.http import HttpResponse

from balances.checks import run_checks
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page


@allowed(Can.PROVE_LEDGER)
def ledger_proof(request: ClinicRequest) -> HttpResponse:
    """Recompute every total from the entries and show what was compared: the same as `check_ledger`."""
    results = run_checks()
    context = {"results": results, "ok": all(not result.differences for result in results)}
    return render_page(request, "balances/ledger_proof.html", context)
