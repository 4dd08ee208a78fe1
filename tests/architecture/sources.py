"""Our own source files, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from clinicpay.embedded.paths import PROJECT

PRODUCT = ("clinicpay", "treatments", "balances", "payments", "deposits", "followups")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*roots: str) -> list[Path]:
    """The Python files under the given folders, migrations left out: Django writes those."""
    return [
        file
        for root in roots
        for file in sorted((PROJECT / root).rglob("*.py"))
        if not {"migrations", "node_modules"} & set(file.parts)
    ]


def templates() -> list[Path]:
    """Every template, wherever it stands."""
    return sorted((PROJECT / "templates").rglob("*.html")) + [
        file for root in PRODUCT for file in sorted((PROJECT / root).rglob("templates/**/*.html"))
    ]


def functions(file: Path) -> Iterator[Function]:
    """Every function and method of a module, nested ones too."""
    for node in ast.walk(ast.parse(file.read_text(), filename=str(file))):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """The lines from its first decorator to its end; its docstring is not counted against anybody."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    lines = (function.end_lineno or function.lineno) - first + 1
    return lines - _docstring_lines(function)


def _docstring_lines(function: Function) -> int:
    if ast.get_docstring(function) is None:
        return 0
    docstring = function.body[0]
    return (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1


def place(file: Path, function: Function | None = None) -> str:
    """How a finding names where it is."""
    path = str(file.relative_to(PROJECT))
    return f"{path}:{function.lineno} {function.name}" if function else path
