"""Migration operations that put tables behind the fence."""

from typing import Any

from django.db import models
from django.db.migrations.operations.base import Operation

from clinicpay.clinics.db.roles import APP, LEDGER, OWNER


class Fence(Operation):
    """Row level security, policies, grants and composite foreign keys for one tenant model.

    `grant` is what the application may do, as SQL: "select, insert, update (name, email)".
    """

    reversible = True
    atomic = True

    def __init__(self, model: str, grant: str = "select, insert", ledger: str = "") -> None:
        self.model, self.grant, self.ledger = model, grant, ledger

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models are as they were: only the database changes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model)
        table = model._meta.db_table
        key = "id" if self.model == "Clinic" else "clinic_id"
        for statement in fence_statements(table, key, self.grant, self.ledger):
            schema_editor.execute(statement)
        for field in tenant_keys(model):
            schema_editor.execute(add_key_statement(table, field))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model)
        table = model._meta.db_table
        for field in tenant_keys(model):
            schema_editor.execute(f'alter table "{table}" drop constraint "{key_name(table, field)}"')
        for statement in unfence_statements(table):
            schema_editor.execute(statement)

    def describe(self) -> str:
        return f"Put {self.model} behind the fence"


class AddTenantForeignKey(Operation):
    """The composite foreign key of one TenantForeignKey that was added after its table was fenced."""

    reversible = True

    def __init__(self, model: str, field: str) -> None:
        self.model, self.field = model, field

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models are as they were: only the database changes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model)
        schema_editor.execute(add_key_statement(model._meta.db_table, model._meta.get_field(self.field)))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model)
        table, field = model._meta.db_table, model._meta.get_field(self.field)
        schema_editor.execute(f'alter table "{table}" drop constraint "{key_name(table, field)}"')

    def describe(self) -> str:
        return f"Add the composite foreign key of {self.model}.{self.field}"


def fence_statements(table: str, key: str, grant: str, ledger: str) -> list[str]:
    """SQL that lets the application see one clinic's rows of a table and nothing else."""
    mine = f"{key} = (select app_clinic())"  # the sub-select is evaluated once, also for a cursor
    return [
        f'alter table "{table}" enable row level security',
        f'alter table "{table}" force row level security',
        f'create policy tenant on "{table}" to {APP}, {LEDGER} using ({mine}) with check ({mine})',
        f'create policy owner_all on "{table}" to {OWNER} using (true) with check (true)',
        f'grant {grant} on "{table}" to {APP}',
        *([f'grant {ledger} on "{table}" to {LEDGER}'] if ledger else []),
    ]


def unfence_statements(table: str) -> list[str]:
    """The reverse of `fence_statements`."""
    return [
        f'revoke all on "{table}" from {APP}, {LEDGER}',
        f'drop policy owner_all on "{table}"',
        f'drop policy tenant on "{table}"',
        f'alter table "{table}" no force row level security',
        f'alter table "{table}" disable row level security',
    ]


def tenant_keys(model: Any) -> list[Any]:
    """The model's references to other tenant rows."""
    fields: list[Any] = [field for field in model._meta.local_fields if isinstance(field, models.ForeignKey)]
    return [field for field in fields if not field.db_constraint]


def key_name(table: str, field: Any) -> str:
    """Name of a composite foreign key, such as payments_payment_account_fk."""
    return f"{table}_{field.name}_fk"


def add_key_statement(table: str, field: Any) -> str:
    """SQL for one composite foreign key."""
    target = field.remote_field.model._meta.db_table
    return (
        f'alter table "{table}" add constraint "{key_name(table, field)}" '
        f'foreign key (clinic_id, "{field.column}") references "{target}" (clinic_id, id)'
    )
