"""Columns of payment and treatment lists."""

from clinicpay.ui.tables import Empty, ListTable, column


class PaymentTable(ListTable):
    """All payments (S1.11–S1.19)."""

    number = column("Payment ID", order_by="number", css="mono")
    patient = column("Patient", order_by=("patient__search_key", "account__name"))
    amount = column("Amount", order_by="amount", css="text-end")
    status = column("Status", order_by=("status", "created_at"))
    method = column("Method", order_by=None)
    treatment = column("Treatment", order_by=None)
    created = column("Created", order_by="created_at")
    memo = column("Memo", order_by=None, css="wide-only")

    row_template = "payments/payment_rows.html"
    noun = "payments"
    two_lines = True
    empty = Empty("No payments yet", "Money taken at the desk is listed here.", icon="cash")


class TreatmentTable(ListTable):
    """Treatment events as practitioners see them: no money (S0.27)."""

    number = column("Treatment", order_by="number", css="mono")
    patient = column("Patient", order_by="patient__search_key")
    service = column("Service", order_by="service_at")
    practitioner = column("Practitioner", order_by="practitioner__name")
    location = column("Location", order_by="location__name")
    state = column("Clinical state", order_by="state")

    row_template = "treatments/treatment_rows.html"
    noun = "treatments"
    two_lines = True
    empty = Empty("No treatments yet", "Appointments and their payment state are listed here.", icon="stethoscope")


class TreatmentMoneyTable(TreatmentTable):
    """Treatment events with their payment state and balance beside them (S0.3)."""

    payment = column("Payment", order_by=None)
    balance = column("Balance", order_by=None, css="text-end")
