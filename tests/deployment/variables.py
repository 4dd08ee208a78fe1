"""Which environment variables our sources read."""

import ast
from pathlib import Path

from clinicpay.embedded.paths import PROJECT
from tests.architecture.sources import PRODUCT, modules


def read_by_us() -> set[str]:
    """Names that settings, the embedded servers, commands or gunicorn's file ask the environment for."""
    files = [*modules(*PRODUCT), PROJECT / "gunicorn.conf.py", PROJECT / "manage.py"]
    return {name for file in files for name in read_in(file)}


def read_in(file: Path) -> set[str]:
    """Names in calls such as env("X"), env.int("X"), os.environ.get("X"), and in os.environ["X"]."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            found |= _upper(node.slice)
        elif isinstance(node, ast.Call) and node.args and _reads(node.func):
            found |= _upper(node.args[0])
    return found


def _reads(called: ast.expr) -> bool:
    text = ast.unparse(called)
    return text in {"env", "_needed"} or text.startswith(("env.", "os.environ.", "os.getenv"))


def _upper(node: ast.expr) -> set[str]:
    is_name = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper()
    return {node.value} if is_name else set()
