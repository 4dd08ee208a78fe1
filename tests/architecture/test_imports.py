"""The one import rule that is about a name, not a module; lint-imports keeps the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PRODUCT, modules, place

LEDGER = "balances/ledger.py"


def test_only_the_ledger_imports_the_entry_model() -> None:
    importers = {place(file) for file in modules(*PRODUCT) if "balances.models.Entry" in set(_names(file))}

    assert importers <= {LEDGER}


def _names(file: Path) -> Iterator[str]:
    """What a module imports by name, and what it reaches through an imported module."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "models":
            yield f"balances.models.{node.attr}"
