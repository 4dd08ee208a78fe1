"""The files of a bundle explained, and as templates: made from the declarations that the reader goes by."""

import csv
import io
import zipfile
from collections.abc import Iterator

from clinicpay.imports.bundle_format import SHEETS, Sheet

README = "README.md"
_INTRODUCTION = """# Your practice's files
One CSV file each, in UTF-8, with commas or semicolons, and the columns in any order but all of them, named exactly so.
Replace the example lines by your own. Dates are written 2026-03-31, amounts 1234.50.

"""


def columns_in_words() -> str:
    """Every file with its columns, as Markdown: what docs/import.md says."""
    return "\n".join("\n".join(_sheet(sheet)) for sheet in SHEETS)


def template_files() -> dict[str, str]:
    """The files of a template by name: headers with one example line each, and what they mean."""
    return {sheet.name: _template(sheet) for sheet in SHEETS} | {README: _INTRODUCTION + columns_in_words()}


def template_archive() -> bytes:
    """The same as a zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in template_files().items():
            archive.writestr(f"practice/{name}", content)
    return packed.getvalue()


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"### {sheet.name}{'' if sheet.needed else ' (may be left out)'}\n{sheet.meaning}\n"
    yield "| column | may be empty | what it is | write | example |\n|---|---|---|---|---|"
    for column in sheet.columns:
        empty = "" if column.needed else "yes"
        yield f"| `{column.name}` | {empty} | {column.meaning} | {column.expected} | {column.example} |"
    yield ""


def _template(sheet: Sheet) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sheet.header)
    writer.writerows([[column.example for column in sheet.columns], *([sheet.more] if sheet.more else [])])
    return text.getvalue()
