"""The documents lead somewhere: their links, the files that they name, the commands that they list."""

import re
from itertools import chain
from pathlib import Path

import pytest

from clinicpay.embedded.paths import PROJECT

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:[a-z_.]+/)+[\w.-]*)`")
"""A path in backticks, such as `balances/ledger/` or `tests/access/samples.py`."""

APPS = (
    "clinicpay",
    "balances",
    "bench",
    "deposits",
    "followups",
    "payments",
    "templates",
    "tests",
    "treatments",
    "docs",
)
MADE = {"bench/results.json"}
"""What is named and stands there only once something has run."""


def anchors(document: Path) -> set[str]:
    """How the headings of a document are called in links."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(document: Path, text: str) -> list[str]:
    """Relative links of a document that lead to no file, or to no heading of it."""
    dead = []
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, heading = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (heading and heading not in anchors(target)):
            dead.append(link)
    return dead


def lost_files(text: str) -> list[str]:
    """Paths into our source, in backticks, at which nothing stands."""
    ours = (path for path in NAMED.findall(text) if path.startswith(tuple(f"{app}/" for app in APPS)))
    return [path for path in ours if path not in MADE and not ((PROJECT / path).exists() or _module(path))]


def _module(path: str) -> bool:
    """`clinicpay/drills` and `followups/schedule` are named without their ending, too."""
    return (PROJECT / f"{path}.py").exists()


def commands() -> list[str]:
    """Every command of our own; migrate replaces Django's."""
    found = chain.from_iterable(PROJECT.glob(f"{app}/**/management/commands/*.py") for app in APPS)
    return sorted({file.stem for file in found} - {"__init__"})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(PROJECT)))
def test_links_and_files_are_there(document):
    text = document.read_text()

    assert dead_links(document, text) == []
    assert lost_files(text) == []


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command):
    assert re.search(rf"`(manage\.py )?{command}\b", (PROJECT / "README.md").read_text())


def test_what_is_gone_would_be_found():
    readme = PROJECT / "README.md"

    assert dead_links(
        readme, "[a](docs/gone.md) [b](docs/operations.md#gone) [c](docs/operations.md#backup-and-its-proof)"
    ) == [
        "docs/gone.md",
        "docs/operations.md#gone",
    ]
    assert lost_files("`balances/ledger.py` `balances/ledger/` `followups/schedule.py`") == ["balances/ledger.py"]
