"""Target 6: taking a payment that is applied at once, from eight clients, beside an ORM view and beside pgbench."""

import os
import re
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from django.db import connection

from balances.models import Charge
from bench import processor
from bench.fill import check
from bench.load import Pages, in_turns
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics import clock
from clinicpay.clinics.commands import clinic_id, long_scope
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from clinicpay.staff.models import Membership

CLIENTS = 8
CHARGES = 64
"""So many charges of as many accounts take the money, some cents each time, so that none is ever paid up."""
CENTS = 150
"""Our form takes another amount each time: the same one twice a day would be asked about, as at a desk."""
SCRIPT = (Path(__file__).parent / "pay.pgbench").read_text()
OURS, NAIVE, FULL, BARE = "ours", "naive", "full", "pgbench"


class Target(NamedTuple):
    """A charge that is paid, with all that the three ways need to know of it."""

    charge: int
    account: int
    patient: int
    patient_number: int
    location: int


@dataclass
class Pgbench:
    """PostgreSQL's own load generator, with a script for each charge."""

    name: str
    folder: Path
    scripts: Sequence[str]
    answered: int = 0

    def rate(self, seconds: float) -> float:
        """Transactions a second, of the second half of its time: each connection plans the triggers first."""
        files = []
        for number, script in enumerate(self.scripts):
            files.append(self.folder / f"pay-{number}.sql")
            files[-1].write_text(script)
        url = urlsplit(os.environ["DATABASE_URL"])
        command = [
            str(Path(os.environ["PROGRAMS"]) / "pgbench"),
            *("--no-vacuum", "--client", str(CLIENTS), "--jobs", "1"),
            *("--time", str(2 * max(round(seconds), 2)), "--progress", "1"),
            *(f"--file={file}" for file in files),
            *("--host", str(url.hostname), "--port", str(url.port), "--username", str(url.username), url.path[1:]),
        ]
        environment = {"PGPASSWORD": unquote(url.password or ""), "PATH": os.environ["PATH"]}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        found = re.search(r"actually processed: (\d+)[\s\S]*number of failed transactions: 0 ", done.stdout)
        seen = [float(tps) for tps in re.findall(r"^progress: .*?([\d.]+) tps", done.stderr, re.MULTILINE)]
        if done.returncode or not found or not seen:
            raise RuntimeError(f"pgbench: {done.stdout[-500:]} {done.stderr[-500:]}")
        self.answered += int(found[1])
        return statistics.mean(seen[len(seen) // 2 :])


def posting(slug: str, port: int, folder: Path, rounds: int) -> list[Result]:
    """The rates of the three ways; every payment of each is looked up afterwards, and the ledger checked."""
    targets, visitor = _targets(slug), Visitor.of(slug)
    sides: list[Pages | Pgbench] = [
        Pages(OURS, port, _forms(visitor, targets), status=302, clients=CLIENTS),
        Pages(NAIVE, port, _naive_forms(visitor, targets), clients=CLIENTS),
        Pages(FULL, port, _full_forms(visitor, targets), clients=CLIENTS),
        Pgbench(BARE, folder, list(_scripts(slug, targets))),
    ]
    before = {side.name: _made(slug, side.name) for side in sides}
    rates = in_turns(sides, rounds=rounds, seconds=4)
    for side in sides:
        _check(side.name, side.answered, before[side.name], _made(slug, side.name))
    check([slug])
    pairs: list[tuple[str, str, float]] = [
        ("a payment with its allocation, beside an ORM view", NAIVE, 2.2),
        ("the same, beside an ORM view that writes the same rows", FULL, 1),  # decision 0193
        ("the same, beside pgbench", BARE, 0.25),
    ]
    return [
        Result(6, name, rates.median(OURS), rates.median(other), "/s", bound, given_ratio=rates.ratio(OURS, other))
        for name, other, bound in pairs
    ]


def by_processor(slug: str, port: int, servers: list[int], rounds: int) -> list[Result]:
    """Ours beside the view that writes the same rows, on any machine: what both compute, not how long it takes."""
    targets, visitor = _targets(slug), Visitor.of(slug)
    pages = {OURS: _forms(visitor, targets, first=CENTS), FULL: _full_forms(visitor, targets)}
    before = {name: _made(slug, name) for name in pages}
    computed = processor.beside(pages, port, servers, rounds)
    for name in pages:
        _check(name, rounds * processor.ANSWERS, before[name], _made(slug, name))
    check([slug])
    name = "the same rows by ORM, by processor time"
    return [Result(6, name, computed[OURS], computed[FULL], "ms", at_most=1)]


def _targets(slug: str) -> list[Target]:
    """Large charges on which money is still owed, one of each of so many accounts."""
    with clinic_scope(clinic_id(slug)):
        rows = Charge.objects.filter(outstanding__gte=20_000).order_by("account", "pk").distinct("account")
        facts = rows.values_list("pk", "account", "patient", "patient__number", "invoice__location")
        return [Target(*fact) for fact in facts[:CHARGES]]


def _forms(visitor: Visitor, targets: Sequence[Target], first: int = 2) -> Iterator[bytes]:
    """The desk's form, each with a one-time key and an amount of its own; more of them than the time allows."""
    for amount in (f"{cents / 100:.2f}" for cents in range(first, first + CENTS - 2)):
        for one in targets:
            yield visitor.post(
                f"/c/{visitor.slug}/patients/{shown(Patient.KIND, one.patient_number)}/pay/",
                **{f"apply-{one.charge}": amount, "tender-TOTAL_FORMS": 0, "tender-INITIAL_FORMS": 0},
                request_key=uuid4(),
                amount=amount,
                method="cash",
                location=one.location,
                memo=OURS,
            )


def _naive_forms(visitor: Visitor, targets: Sequence[Target]) -> list[bytes]:
    path = f"/c/{visitor.slug}/bench/pay"
    return [visitor.post(f"{path}/{one.charge}/", amount="0.01", memo=NAIVE) for one in targets]


def _full_forms(visitor: Visitor, targets: Sequence[Target]) -> Iterator[bytes]:
    while True:
        for one in targets:
            path = f"/c/{visitor.slug}/bench/pay-in-full/{one.charge}/"
            yield visitor.post(path, amount="0.01", memo=FULL, request_key=uuid4())


def _scripts(slug: str, targets: Sequence[Target]) -> Iterator[str]:
    with clinic_scope(clinic_id(slug)):
        clinic, member = Clinic.objects.get(), Membership.objects.get()
    for one in targets:
        yield SCRIPT.format(clinic=clinic.pk, user=member.user_id, today=clock.today(clinic), **one._asdict())


_MADE = """
with mine as (select id, amount, receipt_id from payments_payment where memo = %s),
credits as (select k.* from mine join balances_credit k on k.payment_id = mine.id),
lines as (select e.* from credits join balances_entry e on e.credit_id = credits.id)
select (select count(*) from mine), (select coalesce(sum(amount), 0) from mine),
       (select coalesce(sum(amount - available), 0) from credits), (select count(*) from lines),
       (select count(distinct posting_id) from lines),
       (select count(distinct receipt_id) from mine),
       (select count(*) from mine join audit_auditevent t
        on t.subject_type = 'payments.receipt' and t.subject_id = mine.receipt_id),
       (select count(distinct r.id) from lines join balances_posting p on p.id = lines.posting_id
        join balances_requestkey r on r.key = p.request_key where r.answer is not null)
"""


class Made(NamedTuple):
    """What one side has left in the database."""

    payments: int
    amount: int
    applied: int
    entries: int
    postings: int
    receipts: int
    trail: int
    keys: int


EACH = {
    OURS: Made(1, 1, 1, 2, 2, 1, 1, 1),
    BARE: Made(1, 1, 1, 2, 2, 1, 1, 1),
    FULL: Made(1, 1, 1, 2, 2, 1, 1, 1),
    NAIVE: Made(1, 1, 1, 2, 2, 0, 0, 0),
}
"""What one payment of each side must leave: pgbench all that ours does, the ORM view the money alone."""


def _made(slug: str, memo: str) -> Made:
    """Find a side's payments by their memo, and all that hangs on them."""
    with long_scope(clinic_id(slug)), connection.cursor() as cursor:
        cursor.execute(_MADE, [memo])
        return Made(*cursor.fetchone())


def _check(name: str, answered: int, before: Made, after: Made) -> None:
    grown = Made(*(now - then for now, then in zip(after, before, strict=True)))
    wanted = Made(*(answered * each for each in EACH[name]))
    if name == OURS:  # each of another amount, all of it applied
        wanted = wanted._replace(amount=grown.amount, applied=grown.amount)
    if grown != wanted:
        raise RuntimeError(f"{name} answered {answered} times and made {grown} instead of {wanted} {Made._fields}.")
