"""The attack list, fifth part: what a package's treatments bill, and what a balance is tied to."""

from tests.balances.attacks import DENIED, act, new_charge, opened

BILL = """insert into balances_charge (clinic_id, account_id, invoice_id, patient_id, event_id, procedure_id, kind,
  line, code, description, service_date, amount, outstanding, external_ref)
  select p.clinic_id, i.account_id, i.id, i.patient_id, {event}, p.id, 'procedure', 9, '', 'Attack', %(today)s,
         {amount}, 0, ''
    from treatments_procedure p cross join (select i.id, i.account_id, e.patient_id from balances_invoice i
         join treatments_treatmentevent e on e.id = %(part_event)s where i.id = %(part_invoice)s) i
   where p.id = {part}"""

JOIN = """insert into treatments_treatmentevent (clinic_id, number, patient_id, practitioner_id, location_id,
  service_at, discipline, title, state, origin, package_id, clinical_notes, external_ref, created_at)
  select clinic_id, 9001, {patient}, practitioner_id, location_id, service_at, '', '', 'scheduled', '{origin}',
         {package}, '', '', now() from treatments_treatmentevent where id = %(part_event)s"""

LIFT = "update balances_balanceexception set lifted_at = {to} where id = %({which})s"

WAIVE = "insert into balances_waiver (clinic_id, charge_id, reason) values (%(clinic)s, {charge}, {reason})"

ATTACKS = {
    "bill_a_part_at_another_amount": (
        BILL.format(part="%(open_part)s", event="p.event_id", amount="p.fee + 1"),
        "balances_charge_part",
    ),
    "bill_a_part_for_another_treatment": (
        BILL.format(part="%(open_part)s", event="%(part_event)s", amount="p.fee"),
        "balances_charge_part",
    ),
    "bill_a_part_twice": (
        BILL.format(part="%(part)s", event="p.event_id", amount="p.fee"),
        "balances_charge_procedure",
    ),
    "change_what_was_billed_of_a_package": (
        "update treatments_procedure set fee = fee + case id when %(part)s then 1 else -1 end "
        "where id in (%(part)s, %(open_part)s)",
        "balances_part_billed",
    ),
    "raise_a_part": (
        "update treatments_procedure set fee = fee + 1 where id = %(open_part)s",
        "treatments_package_sum",
    ),
    "raise_a_price": ("update treatments_package set price = price + 1", "treatments_package_sum"),
    "take_a_part_away": ("delete from treatments_procedure where id = %(open_part)s", "treatments_package_sum"),
    "cancel_a_visit_with_its_part": (
        "update treatments_treatmentevent set state = 'cancelled' where id = %(open_event)s",
        "treatments_package_sum",
    ),
    "add_a_visit_without_a_part": (
        JOIN.format(patient="patient_id", origin="package", package="package_id"),
        "treatments_package_sum",
    ),
    "add_a_part_to_another_treatment": (
        "insert into treatments_procedure (clinic_id, event_id, line, code, description, fee, external_ref, part) "
        "values (%(clinic)s, %(event)s, 99, '', '', 1, '', true)",
        "treatments_package_sum",
    ),
    "give_somebody_a_visit_of_anothers_package": (
        JOIN.format(patient="%(patient)s", origin="package", package="package_id"),
        "treatments_event_package",
    ),
    "call_a_visit_a_stage": (
        JOIN.format(patient="patient_id", origin="staged", package="package_id"),
        "treatments_event_package",
    ),
    "call_a_treatment_a_package": (
        JOIN.format(patient="patient_id", origin="package", package="null"),
        "treatments_event_origin",
    ),
    "give_a_package_away": ("update treatments_package set patient_id = %(patient)s", DENIED),
    "make_a_part_of_what_is_none": ("update treatments_procedure set part = true", DENIED),
    "move_a_treatment_into_a_package": ("update treatments_treatmentevent set package_id = %(package)s", DENIED),
    "delete_a_package": ("delete from treatments_package", DENIED),
    "owe_for_no_treatment": (
        act("charge", opened(100), before=new_charge(100, kind="procedure")),
        "balances_charge_placed",
    ),
    "lift_an_exception_twice": (LIFT.format(to="now()", which="lifted"), "balances_exception_lifted"),
    "unlift_an_exception": (LIFT.format(to="null", which="lifted"), "balances_exception_lifted"),
    "rewrite_an_exception": ("update balances_balanceexception set note = 'forged'", DENIED),
    "lift_an_exception_as_somebody_else": ("update balances_balanceexception set lifted_by_id = 1", DENIED),
    "waive_what_stands": (WAIVE.format(charge="%(charge)s", reason="'free'"), "balances_waiver_void"),
    "waive_without_a_reason": (WAIVE.format(charge="%(void)s", reason="''"), "balances_waiver_reason"),
    "waive_twice": (
        "insert into balances_waiver (clinic_id, charge_id, reason) "
        "select %(clinic)s, %(void)s, 'free' from generate_series(1, 2)",
        "balances_waiver_once",
    ),
    "rewrite_a_waiver": ("update balances_waiver set reason = 'forged'", DENIED),
    "delete_a_waiver": ("delete from balances_waiver", DENIED),
    "delete_an_exception": ("delete from balances_balanceexception", DENIED),
}
