"""Columns of patient lists."""

from clinicpay.ui.tables import Empty, ListTable, column


class PatientTable(ListTable):
    """Patients as practitioners see them: no money."""

    number = column("Patient ID", css="mono")
    name = column("Name", order_by=("search_key", "pk"))
    born = column("Born", order_by="birth_date")
    phone = column("Phone", order_by=None)

    row_template = "patients/patient_rows.html"
    noun = "patients"
    two_lines = True
    empty = Empty("No patients yet", "Everyone you treat is listed here.", icon="users")


class PatientMoneyTable(PatientTable):
    """Patients with what their accounts owe, and their credit apart (B3, B4)."""

    owes = column("Owes", order_by="account__owes", css="text-end")
    credit = column("Credit", order_by=None, css="text-end")
