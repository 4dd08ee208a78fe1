"""The list beside a dump: its files and their hashes, its tables, their rows and digests, and a seal over it all."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "manifest.json"
DUMP, ROLES, MEDIA = "clinicpay.dump", "roles.sql", "media.tar"


@dataclass(frozen=True)
class Table:
    """What a table holds: how many rows, and a digest of all of them that doesn't depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What was backed up, by which ClinicPay, when."""

    version: str
    made_at: str
    server: str
    migrations: list[str]
    tables: dict[str, Table]
    files: dict[str, str]

    def seal(self) -> str:
        """A hash of everything else: kept elsewhere, it proves that nobody has touched the backup."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Put the list beside the files that it names."""
        text = json.dumps(asdict(self) | {"seal": self.seal()}, indent=1)
        (folder / NAME).write_text(f"{text}\n")


class Unreadable(ValueError):
    """There is no list, or it isn't the one that was written."""


def read(folder: Path) -> Manifest:
    """The list of a backup. Raises Unreadable when it is missing or doesn't bear its seal."""
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text())
        seal = found.pop("seal")
        tables = {name: Table(**facts) for name, facts in found.pop("tables").items()}
        manifest = Manifest(**found, tables=tables)
    except FileNotFoundError:
        raise Unreadable(f"{folder} is no backup: it has no {NAME}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable(f"{NAME} is damaged") from None
    if manifest.seal() != seal:
        raise Unreadable(f"{NAME} was changed: it does not bear its seal")
    return manifest


def differences(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Files that are missing, changed, or not on the list."""
    for name, digest in manifest.files.items():
        if not (folder / name).is_file():
            yield f"{name} is missing"
        elif hash_of(folder / name) != digest:
            yield f"{name} was changed"
    listed = {*manifest.files, NAME}
    yield from (f"{file.name} is not on the list" for file in sorted(folder.iterdir()) if file.name not in listed)


def hash_of(file: Path) -> str:
    """SHA-256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
