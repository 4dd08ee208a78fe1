"""The budgets of the architecture: code stays small enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.sources import PRODUCT, Function, functions, length, modules, place, templates

LINES_PER_MODULE, LINES_PER_FUNCTION, LINES_PER_VIEW, LINES_PER_TEMPLATE = 400, 50, 20, 150
PARAMETERS, SWITCHES = 6, 1


def test_modules_are_short() -> None:
    too_long = {
        place(file): lines
        for file in modules(*PRODUCT, "assets", "bench", "tests")
        if (lines := len(file.read_text().splitlines())) > LINES_PER_MODULE
    }

    assert too_long == {}


def test_functions_are_short() -> None:
    assert _too_long(modules(*PRODUCT, "assets", "bench", "tests"), LINES_PER_FUNCTION) == {}


def test_views_are_shorter() -> None:
    views = [file for file in modules(*PRODUCT) if file.name == "views.py" or "views" in file.parent.parts]

    assert _too_long(views, LINES_PER_VIEW) == {}


def test_templates_are_short() -> None:
    too_long = {
        place(file): lines for file in templates() if (lines := len(file.read_text().splitlines())) > LINES_PER_TEMPLATE
    }

    assert too_long == {}


def test_functions_take_few_parameters() -> None:
    too_many = {
        place(file, function): count
        for file in modules(*PRODUCT, "assets", "bench")
        for function in functions(file)
        if (count := len(_parameters(function))) > PARAMETERS
    }

    assert too_many == {}


def test_functions_have_at_most_one_switch() -> None:
    too_many = {
        place(file, function): count
        for file in modules(*PRODUCT, "assets", "bench")
        for function in functions(file)
        if (count := _switches(function)) > SWITCHES
    }

    assert too_many == {}


def _too_long(files: list[Path], budget: int) -> dict[str, int]:
    return {
        place(file, function): lines
        for file in files
        for function in functions(file)
        if (lines := length(function)) > budget
    }


def _parameters(function: Function) -> list[ast.arg]:
    arguments = function.args
    return [
        parameter
        for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if parameter.arg not in {"self", "cls"}
    ]


def _switches(function: Function) -> int:
    """Parameters with a true or false default, each of which is a second function in hiding."""
    defaults = (*function.args.defaults, *function.args.kw_defaults)
    return sum(isinstance(default, ast.Constant) and isinstance(default.value, bool) for default in defaults)
