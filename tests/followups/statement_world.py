"""Accounts for statements: one that has been through everything, and clinics whose queue can be sent."""

from datetime import date, timedelta

from balances.models import Credit
from balances.services import hold_credit
from clinicpay.clinics import clock
from clinicpay.patients.models import Account, Patient
from followups.schedule import Terms
from followups.services import approve_write_off, bill_instalment, request_write_off, start_plan
from followups.states import Frequency
from payments.services import GoingBack, refund_payment, set_gateway
from payments.states import GatewayName, RefundReason
from tests.factories import Clinicful, a_charge, a_patient, a_payment, a_receipt


def days_ago(home: Clinicful, days: int) -> date:
    """A past day of the clinic."""
    return clock.today(home.clinic) - timedelta(days=days)


def a_history(home: Clinicful) -> Patient:
    """Charges of every age, payments, a refund, a write-off, a plan with one instalment billed, money held and free."""
    patient = a_patient(home, "Maya", "Okafor")
    account = patient.account
    Account.objects.filter(pk=account.pk).update(email="maya@example.test", address="1 Main Street, Boston")
    old = a_charge(home, patient, 20000, on=days_ago(home, 120))
    a_charge(home, patient, 5000, on=days_ago(home, 45))
    a_receipt(home, account, 12000, (old, 12000), on=days_ago(home, 60), patient=patient)
    planned = a_charge(home, patient, 9000, on=days_ago(home, 70))
    plan = start_plan(account, [planned], Terms(3000, Frequency.MONTHLY, clock.today(home.clinic)), by=home.itself)
    bill_instalment(plan.instalments.first(), by=home.itself)
    small = a_charge(home, patient, 900, on=days_ago(home, 33))
    approve_write_off(request_write_off(account, [small.invoice], by=home.itself, reason="small"), by=home.itself)
    paid = a_charge(home, patient, 2000)
    payment = a_payment(home, account, 2000, (paid, 2000), patient=patient)
    refund_payment(payment, GoingBack(500, RefundReason.OTHER, "Paid too much"), by=home.itself)
    money = Credit.objects.get(payment=a_payment(home, account, 1200, patient=patient))
    hold_credit(money, 400, by=home.itself, criteria={"procedure": "D2740"})
    return Patient.objects.select_related("account").get(pk=patient.pk)


def take_cards(home: Clinicful) -> None:
    """The clinic's cards are taken by the simulator; the test sets GATEWAY_SIMULATOR."""
    set_gateway(GatewayName.SIMULATOR, by=home.itself)


def owing_accounts(home: Clinicful, count: int, *, mailed: int) -> list[Account]:
    """So many accounts that owe, of which the first `mailed` have an address."""
    made = []
    for number in range(1, count + 1):
        patient = a_patient(home, f"Person{number}", "Owing")
        a_charge(home, patient, 1000 * number, on=days_ago(home, 20 + number))
        if number <= mailed:
            Account.objects.filter(pk=patient.account_id).update(email=f"person{number}@example.test")
        made.append(patient.account)
    return made
