"""How the database goes about the hottest lists: by an index that begins with the clinic, or by reading everything."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bench.lists import asked
from clinicpay.clinics.commands import clinic_id, long_scope

PAGES = (
    *("payments", "payments/?sort=-created", "payments/?before=", "payments/?sort=number", "payments/?sort=-amount"),
    *("payments/?sort=status", "payments/?sort=patient", "payments/?status=pending", "payments/?status=voided"),
    *("payments/?sort=due", "payments/?sort=-due", "payments/?due=overdue", "payments/?status=pending&status=voided"),
    *("payments/?q=ka", "payments/?q=PAY-777", "patients", "patients/?q=eth", "patients/PT-007", "treatments"),
    *("treatments/?sort=patient", "treatments/?sort=location", "treatments/?sort=state", "treatments/?money=open"),
    *("treatments/?q=ka", "today", "payments/PAY-777", "treatments/TE-077", "patients/PT-007/pay", "receipts/R-777"),
)
MANY = 10_000
"""Rows that may be read one after the other; more must be reached by an index."""


@dataclass(frozen=True)
class Finding:
    """One step of a plan that reads too much."""

    page: str
    ms: float
    what: str
    sql: str


def findings(slug: str) -> list[Finding]:
    """Every SELECT of the hottest pages, run under EXPLAIN as the application; what reads more than MANY rows."""
    return [found for page in PAGES for sql in _selects(asked(slug, page)) for found in _explained(slug, page, sql)]


def _selects(statements: list[str]) -> Iterator[str]:
    for sql in statements:
        begin = sql.upper().find("SELECT")
        if sql.upper().startswith(("SELECT", "DECLARE")) and "clinic_id" in sql:
            yield sql[begin:]


def _explained(slug: str, page: str, sql: str) -> Iterator[Finding]:
    with long_scope(clinic_id(slug)), connection.cursor() as cursor:
        cursor.execute("explain (analyze, format json) " + sql.replace("%", "%%"))
        (answer,) = cursor.fetchone()
    plan = answer[0] if isinstance(answer, list) else json.loads(answer)[0]
    for node in _nodes(plan["Plan"]):
        fault = _fault(node)
        if fault:
            yield Finding(page, plan["Execution Time"], fault, sql)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _fault(node: dict[str, Any]) -> str:
    """What is wrong with a step: too many rows read, from start to end or by an index that ignores the clinic."""
    rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    table = node.get("Relation Name", "")
    if rows <= MANY or not (table or node["Node Type"] == "Sort"):
        return ""
    means = node.get("Index Name", "")
    return f"{node['Node Type']} {table} {means} reads {rows:,.0f} rows".replace("  ", " ")


def told(found: list[Finding]) -> str:
    """The findings, one line each."""
    if not found:
        return f"Plans: no page reads more than {MANY:,} rows, and all go by an index."
    lines = dict.fromkeys(f"  {one.page:<28} {one.ms:>8.1f} ms  {one.what}" for one in found)
    return "\n".join([f"Plans that read more than {MANY:,} rows:", *lines])
