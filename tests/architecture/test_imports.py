"""The one import rule that is about a name, not a module; lint-imports keeps the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PRODUCT, modules, place

LEDGER = "balances/ledger/"
READERS = {"balances/queries.py", "followups/queries/review.py"}
"""What reads entries for pages; it writes none."""


def test_only_the_ledger_imports_the_entry_model() -> None:
    importers = {place(file) for file in modules(*PRODUCT) if "balances.models.Entry" in set(_names(file))}

    assert {where for where in importers - READERS if not where.startswith(LEDGER)} == set()
    assert importers - READERS


def test_only_the_form_that_has_the_rule_looks_at_keys() -> None:
    """Figures first, then the key: it stands in `OnceForm`, and nowhere else again."""
    assert {place(file) for file in modules(*PRODUCT) if "balances.requests.was_answered" in set(_names(file))} == {
        "balances/forms.py"
    }


def test_only_the_ledger_writes_entries() -> None:
    writers = {place(file) for file in modules(*PRODUCT) if _writes_entries(ast.parse(file.read_text()))}

    assert writers == {f"{LEDGER}base.py"}


def test_writer_of_entries_is_seen() -> None:
    lines = [
        "Entry(kind=1)",
        "Entry.objects.bulk_create([])",
        "credit.entries.create()",
        "'insert into balances_entry'",
    ]

    assert [line for line in lines if not _writes_entries(ast.parse(line))] == []


def _names(file: Path) -> Iterator[str]:
    """What a module imports by name, and what it reaches through an imported module."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "models":
            yield f"balances.models.{node.attr}"


def _writes_entries(tree: ast.Module) -> bool:
    """Whether a module makes entries: through the model, a reference to it, or SQL."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and "insert into balances_entry" in str(node.value):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            manager, _, verb = called.rpartition(".")
            made = verb in {"create", "bulk_create", "get_or_create", "update_or_create", "add", "update", "delete"}
            if called == "Entry" or (made and manager.endswith(("Entry.objects", ".entries"))):
                return True
    return False
