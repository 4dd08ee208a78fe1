"""Many statements in one file, out of the PDFs that were kept."""

import io
import zipfile
from collections.abc import Sequence

from clinicpay.clinics.refusals import Refusal
from followups.models import Statement
from followups.services.statements import pdf_of


def merged(statements: Sequence[Statement]) -> bytes:
    """One PDF to print, each statement beginning on a page of its own. Raises Refusal where there is none."""
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415 - only who prints a batch needs it

    if not statements:
        raise Refusal("Nothing of this batch is to be printed.")
    writer = PdfWriter()
    for statement in statements:
        writer.append(PdfReader(io.BytesIO(pdf_of(statement))), import_outline=False)
    writer.compress_identical_objects()
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def zipped(statements: Sequence[Statement]) -> bytes:
    """One file with a PDF each; they are small already. Raises Refusal where there is none."""
    if not statements:
        raise Refusal("Nothing of this batch was made yet.")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for statement in statements:
            archive.writestr(f"{statement.ref} {statement.account.ref}.pdf", pdf_of(statement))
    return made.getvalue()
