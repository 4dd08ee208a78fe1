"""The database's catalogue keeps the fence, and each lint is seen to fail on a planted fault."""

from collections.abc import Iterator

import psycopg
import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from clinicpay.clinics.db import catalogue
from clinicpay.clinics.db.roles import OWNER
from clinicpay.clinics.models import Clinic, Location, TenantForeignKey, TenantModel

PLANTS = {
    "unknown_table": ("create table planted (id bigint)", "planted"),
    "row_security": ("alter table payments_payment no force row level security", "payments_payment"),
    "policies": ("drop policy tenant on payments_payment", "payments_payment: owner_all PERMISSIVE"),
    "policy_to_public": ("create policy open on payments_payment using (true)", "payments_payment.open"),
    "clinic_may_be_null": ("alter table payments_payment alter clinic_id drop not null", "payments_payment"),
    "foreign_key_without_clinic": (
        "alter table payments_payment add constraint loose foreign key (account_id) references patients_account (id)",
        "payments_payment.loose",
    ),
    "unique_not_by_clinic": ("create unique index loose on payments_payment (number, clinic_id)", "loose"),
    "constraint_not_validated": (
        "alter table payments_payment add constraint late check (amount <> 13) not valid",
        "payments_payment.late",
    ),
    "trigger_disabled": ("alter table balances_entry disable trigger no_change", "balances_entry.no_change"),
    "view_past_the_policies": ("create view planted as select * from payments_payment", "planted"),
    "definer_not_listed": (
        "create function planted() returns int language sql security definer "
        "set search_path = public, pg_temp as 'select 1'",
        "planted()",
    ),
    "definer_search_path": ("alter function all_clinics() reset search_path", "all_clinics()"),
    "definer_owner": ("reset role; alter function all_clinics() owner to postgres", "all_clinics()"),
    "history_may_change": ("drop trigger no_truncate on audit_auditevent", "audit_auditevent: truncate"),
    "app_moves_totals": ("grant update (owes) on patients_account to clinicpay_app", "patients_account.owes"),
    "app_moves_rows": ("grant update on treatments_procedure to clinicpay_app", "treatments_procedure.clinic_id"),
    "app_rights": ("grant truncate on payments_payment to clinicpay_app", "payments_payment: truncate"),
    "ledger_rights": ("grant update on payments_payment to clinicpay_ledger", "payments_payment.status"),
    "public_rights": ("grant select on payments_payment to public", "payments_payment: SELECT"),
    "foreign_owner": (
        "grant create on schema public to clinicpay_app; reset role; "
        "alter table payments_payment owner to clinicpay_app",
        "payments_payment",
    ),
}
"""A fault for every lint, and what it must say about it."""


@pytest.fixture
def as_owner(superuser) -> Iterator[psycopg.Connection]:
    """A transaction of the tables' owner that is rolled back; it may step back to the superuser."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(f"set local role {OWNER}")
        yield superuser


@pytest.mark.parametrize("lint", catalogue.LINTS)
def test_catalogue_has_no_findings(superuser, lint):
    assert catalogue.findings(superuser, lint) == []


@pytest.mark.parametrize("lint", catalogue.LINTS)
def test_lint_finds_planted_fault(as_owner, lint):
    fault, finding = PLANTS[lint]
    as_owner.execute(fault)

    found = catalogue.findings(as_owner, lint)

    assert any(line.startswith(finding) for line in found), found


def test_every_tenant_model_is_a_fenced_table(superuser):
    of_models = {model._meta.db_table for model in catalogue.tenant_models()} | {"clinics_clinic"}

    assert set(catalogue.tenant_tables(superuser)) == of_models


def test_every_tenant_reference_has_its_composite_key(superuser):
    models = catalogue.tenant_models()

    assert catalogue.missing_tenant_keys(superuser, models) == []
    assert catalogue.loose_references(models) == []


@isolate_apps("clinicpay.clinics")
def test_forgotten_reference_is_found(superuser):
    class Room(TenantModel):
        location = TenantForeignKey(Location)
        annex = models.ForeignKey(Location, models.PROTECT)

        class Meta(TenantModel.Meta):
            app_label = "clinics"

    assert catalogue.missing_tenant_keys(superuser, [Room]) == ["clinics_room.clinics_room_location_fk"]
    assert catalogue.loose_references([Room]) == ["clinics.Room.annex"]


def test_every_other_model_is_listed_as_global():
    others = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if not issubclass(model, TenantModel) and model is not Clinic
    }

    assert others | {"django_migrations"} == catalogue.GLOBAL


def test_foreign_key_over_violating_rows_is_refused(worlds, superuser):
    """A22: the owner's migration sees the rows of all clinics, so a bad constraint can't become valid."""
    north, south = worlds
    with superuser.transaction(force_rollback=True):
        superuser.execute(f"set local role {OWNER}")
        superuser.execute("alter table payments_payment drop constraint payments_payment_patient_fk")
        superuser.execute("alter table payments_payment disable trigger edits")  # it would refuse before the key does
        superuser.execute(
            "update payments_payment set patient_id = %s where id = %s", [north.patient.pk, south.payment.pk]
        )

        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            superuser.execute(
                "alter table payments_payment add constraint again "
                "foreign key (clinic_id, patient_id) references patients_patient (clinic_id, id)"
            )
