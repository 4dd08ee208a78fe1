"""Acts: making an export of closed days, and setting account codes."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from django.db import transaction

from balances.refusals import database_refusals
from clinicpay.audit.services import record
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.exports import journal
from clinicpay.exports.codes import USUAL, Code, Key, chart
from clinicpay.exports.contents import HEADERS, Told, Writer
from clinicpay.exports.days import Day, chosen_days, locked_days, seal_of
from clinicpay.exports.models import AccountCode, Export, ExportDay, ExportPart
from clinicpay.exports.states import FileKind, What
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.export import csv_chunks
from clinicpay.ui.xlsx import xlsx_chunks

PIECE = 256 * 1024
"""Bytes of one part of a file."""

MOST_LINES = 200_000
"""Rows of one file: more would take longer than a web process may be busy with one request."""

WRITTEN = {FileKind.CSV: csv_chunks, FileKind.XLSX: xlsx_chunks}


class LeftBefore(Refusal):
    """Days that have left before leave again only when that is asked for."""


@dataclass(frozen=True)
class Wish:
    """What to export: the numbers of closes, as they were shown when `seal` was made of them.

    With `again` days may leave once more that have left before; with `whole` a day that was closed again leaves
    anew, not only what changed since the version that left.
    """

    what: str
    kind: str
    closes: frozenset[int]
    seal: str
    again: bool = False
    whole: bool = False


@transaction.atomic
def make_export(wish: Wish, *, by: Actor) -> Export:
    """Write the file of some closed days and keep it. Exports are made one after the other.

    Raises Refusal for days that aren't closed, for none, for too many, for days that have left before unless
    `again`, and when anything of that has changed since it was shown.
    """
    require(by, Can.EXPORT_DAYS)
    number = take(Export.KIND)[0]
    days = chosen_days(wish.what, locked_days(wish.closes), whole=wish.whole)
    _refuse(wish, days)
    writer = Writer(by.clinic, chart())
    with SpooledTemporaryFile(max_size=4 * PIECE) as file:
        size, digest = _written(file, wish, writer, days)
        with database_refusals():
            export = _kept(number, wish, days, (writer.told, size, digest))
        ExportDay.objects.bulk_create(ExportDay(export=export, close=day.close, since=day.since) for day in days)
        for position, data in enumerate(_pieces(file)):
            ExportPart.objects.create(export=export, position=position, data=data)
    record("export.made", export, by=by, after=_said(export, days))
    return export


def _refuse(wish: Wish, days: list[Day]) -> None:
    if not days:
        raise Refusal("Tick the days to export.")
    if seal_of(wish.what, days) != wish.seal:
        raise Refusal("Something of these days changed since you looked at them. Look at the totals again.")
    if not wish.again and (left := [day for day in days if day.again]):
        refs = sorted({day.again.export.ref for day in left if day.again})
        some = "1 of these days" if len(left) == 1 else f"{len(left)} of these days"
        raise LeftBefore(f"{some} left before, with {', '.join(refs)}. Tick this to export them again.")
    if wish.what == What.LINES and (count := journal.count_lines(days)) > MOST_LINES:
        raise Refusal(f"These are {count:,} lines. Choose fewer days: one file holds {MOST_LINES:,} at most.")


def _written(file: IO[bytes], wish: Wish, writer: Writer, days: list[Day]) -> tuple[int, str]:
    """Write the file; its size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    for data in WRITTEN[FileKind(wish.kind)](HEADERS[wish.what], writer.chunks(wish.what, days)):
        size += file.write(data)
        digest.update(data)
    return size, digest.hexdigest()


def _kept(number: int, wish: Wish, days: list[Day], content: tuple[Told, int, str]) -> Export:
    told, size, digest = content
    return Export.objects.create(
        number=number,
        what=wish.what,
        kind=wish.kind,
        starts=days[0].close.day,
        ends=days[-1].close.day,
        rows=told.rows,
        debit=told.debit,
        credit=told.credit,
        whole=wish.whole,
        again=any(day.again for day in days),
        codes=[[place, *key, *code] for (place, key, _), code in sorted(told.codes.items())],
        size=size,
        sha256=digest,
    )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while data := file.read(PIECE):
        yield data


def _said(export: Export, days: list[Day]) -> dict[str, object]:
    """What the trail keeps of it."""
    said = {"what": What(export.what).label, "file": FileKind(export.kind).label, "days": len(days)}
    said |= {"first": export.starts.isoformat(), "last": export.ends.isoformat(), "lines": export.rows}
    return said | {"again": "yes" if export.again else "no", "sha256": export.sha256}


def file_of(export: Export) -> Iterator[bytes]:
    """The file as it left, piece by piece."""
    pieces = ExportPart.objects.filter(export=export).order_by("position").values_list("data", flat=True)
    return (bytes(data) for data in pieces.iterator(chunk_size=4))


@transaction.atomic
def set_codes(codes: Mapping[Key, Code], *, location: Location | None, by: Actor) -> int:
    """Set the codes of one location, or of all; how many of them changed, each with a line of the trail."""
    require(by, Can.MANAGE_SETTINGS)
    have = _codes_at(location)
    changed = [(key, code) for key, code in codes.items() if code != _now(have, key, location)]
    for key, code in changed:
        _set(have.get(key), key, code, location=location, by=by)
    return len(changed)


def _codes_at(location: Location | None) -> dict[Key, AccountCode]:
    rows = AccountCode.objects.filter(location=location).select_for_update(no_key=True)
    return {Key(row.ledger_account, row.method, row.discipline): row for row in rows}


def _now(have: Mapping[Key, AccountCode], key: Key, location: Location | None) -> Code:
    """What stands now: the clinic's own, else what is usual, which a location doesn't repeat."""
    row = have.get(key)
    return Code(row.code, row.name) if row else (USUAL.get(key, Code("", "")) if location is None else Code("", ""))


def _set(row: AccountCode | None, key: Key, code: Code, *, location: Location | None, by: Actor) -> None:
    before = _now({key: row} if row else {}, key, location)
    if row is None:
        row = AccountCode(location=location, **key._asdict())
        row.code, row.name = code
        with database_refusals():
            row.save(force_insert=True)
    else:
        row.code, row.name = code
        row.save(update_fields=["code", "name"])
    of = {"account": key.label, **({"location": str(location)} if location else {})}
    was, now = ({"code": one.code or "none", "name": one.name} for one in (before, code))
    record("account_code.set", row, by=by, before=was, after=now | of)
