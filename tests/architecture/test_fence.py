"""Habits that keep clinics apart, read from the sources: each finding is a place (A9)."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.sources import PRODUCT, modules, place

BUILDS_SQL = {
    "clinicpay/backups/attacks.py",  # a list of attacks, all of them constants
    "clinicpay/backups/digests.py",  # names of tables, composed by psycopg
    "clinicpay/backups/scratch.py",  # names of roles, composed by psycopg
    "clinicpay/proof/figures.py",  # each figure is a query of ours, a constant of its group
    "balances/checks.py",  # each check is a query of ours, counted by a query around it
    "clinicpay/clinics/db/arrays.py",  # what Django has put together, kept
    "clinicpay/clinics/db/catalogue.py",  # each lint is a query of ours, behind what it calls a tenant table
    "clinicpay/clinics/db/operations.py",  # names of tables and columns, from the models
    "clinicpay/clinics/management/commands/migrate.py",  # the same
    "clinicpay/embedded/roles.py",  # names of roles, composed by psycopg
}

FINDS_USERS = {
    "clinicpay/demo/__init__.py",  # makes the people of the demo clinics
}

OPENS_CLINICS = {
    "clinicpay/demo/callbacks.py",
    "clinicpay/demo/closes.py",
    "clinicpay/demo/corrections.py",
    "clinicpay/demo/write_offs.py",
    "clinicpay/backups/attacks.py",
    "clinicpay/clinics/commands.py",
    "clinicpay/clinics/scope.py",
    "clinicpay/clinics/services.py",
    "clinicpay/demo/__init__.py",
    "clinicpay/demo/exports.py",
    "clinicpay/management/commands/import_synthea.py",
    "clinicpay/staff/management/commands/create_clinic.py",
    "clinicpay/staff/management/commands/reset_second_step.py",  # tells the trail of each clinic of a person
    "clinicpay/staff/middleware.py",
    "clinicpay/staff/services.py",
    "clinicpay/tasks.py",
    "followups/services/feeds.py",  # calendars come in by an address of their own
    "followups/services/statement_runs.py",  # draws paper between two transactions
    "payments/gateways/simulator.py",  # stands for another company: its books are asked apart
    "payments/services/gateway_events.py",  # events come from gateways, before any clinic is entered
    "payments/services/gateway_refunds.py",  # asks the gateway between two transactions
    "payments/services/links.py",  # strangers come in by a link
    "payments/services/simulation.py",  # the simulator's events
}
"""The doors: the web's one middleware, tasks, commands, and what makes a clinic or a member of it."""

USES_OWNER = {
    "clinicpay/clinics/management/commands/migrate.py",
    "clinicpay/management/commands/demo.py",
}

CLINIC = {"clinic", "clinic_id"}

Finder = Callable[[ast.AST], bool]


def _takes_every_field(node: ast.AST) -> bool:
    """`fields = "__all__"`, or `exclude = …` in a Meta: a new column would be in the form by itself."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    name, value = node.targets[0].id, node.value
    return name == "exclude" or (name == "fields" and isinstance(value, ast.Constant) and value.value == "__all__")


def _asks_for_the_clinic(node: ast.AST) -> bool:
    """A form field or a form's model field named `clinic`: the clinic comes from the scope alone."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name, value = node.targets[0].id, node.value
        fields = name == "fields" and isinstance(value, ast.List | ast.Tuple)
        if fields and any(isinstance(one, ast.Constant) and one.value in CLINIC for one in value.elts):
            return True
        called = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
        return name in CLINIC and called.endswith("Field") and "forms." in called
    return False


def _builds_sql(node: ast.AST) -> bool:
    """SQL that isn't a literal or a named constant, or that hides in an expression."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in {"RawSQL", "extra", "raw"}:
        return True
    if called not in {"execute", "executemany"} or not node.args:
        return False
    text = node.args[0]
    constant = isinstance(text, ast.Constant) or (isinstance(text, ast.Name) and text.id.isupper())
    return not constant


def _finds_users(node: ast.AST) -> bool:
    """Users are global: whoever looks for them looks past the fence."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager"}
        and isinstance(node.value, ast.Name | ast.Call)
        and ast.unparse(node.value) in {"User", "get_user_model()"}
    )


def _opens_a_clinic(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "clinic_scope" and isinstance(node.ctx, ast.Load)


def _pins_by_itself(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and "app.clinic_id" in node.value


def _uses_another_connection(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id == "connections"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "using"


def _found(finder: Finder, files: list[Path] | None = None) -> set[str]:
    files = modules(*PRODUCT) if files is None else files
    return {place(file) for file in files if any(finder(node) for node in ast.walk(_tree(file)))}


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def test_no_form_takes_every_field():
    assert _found(_takes_every_field) == set()


def test_no_form_asks_for_the_clinic():
    assert _found(_asks_for_the_clinic) == set()


def test_no_sql_is_built_from_strings():
    assert _found(_builds_sql) - BUILDS_SQL == set()


def test_users_are_found_by_staff_alone():
    found = {one for one in _found(_finds_users) if not one.startswith("clinicpay/staff/")}

    assert found == FINDS_USERS


def test_clinics_are_opened_at_known_doors_alone():
    assert _found(_opens_a_clinic) - OPENS_CLINICS == set()


def test_clinic_is_pinned_by_the_backend_alone():
    assert _found(_pins_by_itself) == {"clinicpay/clinics/db/base.py"}


def test_no_row_is_read_as_the_owner():
    assert _found(_uses_another_connection) - USES_OWNER == set()


PLANTED = [
    (_takes_every_field, "class Meta:\n    fields = '__all__'"),
    (_takes_every_field, "class Meta:\n    exclude = ['clinic']"),
    (_asks_for_the_clinic, "class Meta:\n    fields = ['clinic', 'name']"),
    (_asks_for_the_clinic, "clinic = forms.ModelChoiceField(None)"),
    (_builds_sql, "cursor.execute(f'select {name}')"),
    (_builds_sql, "cursor.execute('select ' + name)"),
    (_builds_sql, "cursor.execute(query % name)"),
    (_builds_sql, "Patient.objects.raw('select 1')"),
    (_finds_users, "User.objects.get(pk=1)"),
    (_finds_users, "get_user_model().objects.all()"),
    (_opens_a_clinic, "with clinic_scope(2): pass"),
    (_pins_by_itself, "cursor.execute(\"set app.clinic_id = '2'\")"),
    (_uses_another_connection, "Patient.objects.using('owner').all()"),
    (_uses_another_connection, "connections['owner'].cursor()"),
]


@pytest.mark.parametrize(("finder", "fault"), PLANTED)
def test_finder_sees_planted_fault(finder, fault):
    assert any(finder(node) for node in ast.walk(ast.parse(fault)))
