from balances.services import run_auto_apply, undo_allocation
from balances.queries import live_allocations
from payments.services import reverse_payment
from tests.factories import a_charge, a_patient, a_payment


def test_money_moves(harbor):
    patient = a_patient(harbor)
    charge = a_charge(harbor, patient, 20000)
    payment = a_payment(harbor, patient.account, 5500, (charge, 5500))
    charge.refresh_from_db()
    assert charge.outstanding == 14500
    entry = live_allocations().get()
    undo_allocation(entry.pk, by=harbor.rita, reason="wrong", keep=1000)
    patient.account.refresh_from_db()
    assert (patient.account.owes, patient.account.unapplied) == (19000, 4500)
    run_auto_apply(by=harbor.bill)
    patient.account.refresh_from_db()
    assert (patient.account.owes, patient.account.unapplied) == (14500, 0)
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    patient.account.refresh_from_db()
    assert (patient.account.owes, patient.account.unapplied) == (20000, 0)
