"""SQL of migrations kept in files, each with its reverse beside it."""

from pathlib import Path

from django.db.migrations import RunSQL

from clinicpay.clinics.db.roles import LEDGER


def run_sql_file(path: Path, *, as_ledger: bool = False) -> RunSQL:
    """Run `name.sql`; undo with `name_reverse.sql`.

    With `as_ledger` the functions belong to the ledger role, which alone may move totals.
    """
    forward, backward = path.read_text(), path.with_stem(path.stem + "_reverse").read_text()
    if as_ledger:
        forward, backward = _as_ledger(forward), _as_ledger(backward)
    return RunSQL(forward, backward)


def _as_ledger(sql: str) -> str:
    return f"set local role {LEDGER};\n{sql}\nreset role;"
