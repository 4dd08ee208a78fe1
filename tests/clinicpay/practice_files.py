"""The sample practice of tests/clinicpay/sample_practice, which a test may spoil before it imports it."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

SAMPLE = Path(__file__).resolve().parent / "sample_practice"


class PracticeFiles:
    """A copy of the sample in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "practice"
        shutil.copytree(SAMPLE, self.folder)

    def text(self, name: str) -> str:
        """A file as it is."""
        return (self.folder / name).read_text()

    def write(self, name: str, content: str | bytes) -> None:
        """Another content of a file."""
        content = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(content)

    def spoil(self, name: str, old: str, new: str) -> None:
        """Change the one place of a file that has these characters."""
        text = self.text(name)
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        self.write(name, text.replace(old, new))

    def add(self, name: str, *lines: str) -> None:
        """More lines at the end of a file."""
        self.write(name, self.text(name) + "".join(f"{line}\n" for line in lines))


def imported(folder: Path, slug: str, *options: str) -> dict[str, Any]:
    """What the command answers to a machine."""
    out = io.StringIO()
    call_command("import_practice", str(folder), "--clinic", slug, "--json", *options, stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def faults(folder: Path, slug: str, *options: str) -> list[dict[str, Any]]:
    """What a machine is told of files that can't be imported."""
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(
            "import_practice", str(folder), "--clinic", slug, "--json", *options, stdout=out, stderr=io.StringIO()
        )
    assert caught.value.returncode == 1
    return json.loads(out.getvalue())["errors"]
