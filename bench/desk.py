"""Target 5: the desk takes payments while the same clinic's night runs; and the page that previews a clinic."""

import statistics
import threading
import time
from dataclasses import dataclass, field
from itertools import cycle
from uuid import uuid4

from django.db import connection

from bench.fill import check
from bench.night_worker import ended, start
from bench.nights import clinics
from bench.place import exchange
from bench.report import Result
from bench.visitor import Visitor
from clinicpay.clinics.commands import clinic_id
from clinicpay.clinics.models import JobFailure, JobRun, Location
from clinicpay.clinics.numbers import shown
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from payments.models import Payment

PEOPLE = 2
"""Who stand at the desk at once."""
PAUSE = 0.02
"""Seconds from an answer to the next payment."""
MEMO = "at the desk"
CENT = {"tender-TOTAL_FORMS": 0, "tender-INITIAL_FORMS": 0, "method": "cash", "memo": MEMO}


@dataclass
class Desk:
    """People who take one small payment after another, from an amount on, and how long each took (seconds)."""

    slug: str
    port: int
    first: float = 0.01
    took: list[float] = field(default_factory=list)
    faults: list[bytes] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Desk":
        visitor = Visitor.of(self.slug)
        with clinic_scope(clinic_id(self.slug)):
            people = list(Patient.objects.order_by("pk").values_list("number", flat=True))
            location = Location.objects.order_by("-pk").values_list("pk", flat=True)[0]
        shares = [people[number::PEOPLE] for number in range(PEOPLE)]
        self._threads = [threading.Thread(target=self._take, args=[visitor, share, location]) for share in shares]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _take(self, visitor: Visitor, people: list[int], location: int) -> None:
        for turn, number in enumerate(cycle(people)):
            if self._over.is_set():
                return
            # The same patient, amount and day would be asked about, as at a desk.
            form = CENT | {"amount": f"{self.first + turn // len(people) / 100:.2f}"}
            path = f"/c/{self.slug}/patients/{shown(Patient.KIND, number)}/pay/"
            request = visitor.post(path, request_key=uuid4(), location=location, **form)
            begin = time.perf_counter()
            answer = exchange(self.port, request)
            self.took.append(time.perf_counter() - begin)
            if answer.split(b" ", 2)[1:2] != [b"302"]:
                self.faults.append(answer[:200])
            time.sleep(PAUSE)


def desk(accounts: int, rounds: int, port: int) -> list[Result]:
    """p99 of a payment at the desk while the night of its clinic runs, beside p99 alone; and all totals exact."""
    alone, beside, nights, deadlocks = [], [], [], _deadlocks()
    for slug in clinics(rounds, accounts):
        worker = start([*clinics(1, 5), slug])
        with Desk(slug, port) as before:
            time.sleep(8)
        assert worker.stdin
        with Desk(slug, port, first=1) as during:
            worker.stdin.write("go\n")
            worker.stdin.flush()
            nights.append(ended(worker).seconds)
        _exact(slug, before, during)
        alone.append(_p99(before.took))
        beside.append(_p99(during.took))
    if broken := _deadlocks() - deadlocks:
        raise RuntimeError(f"{broken} deadlocks.")
    note = f"nights of {statistics.median(nights):.1f} s; no deadlock, no account failed"
    ratio = statistics.median(mine / theirs for mine, theirs in zip(beside, alone, strict=True))
    mine, theirs = statistics.median(beside) * 1000, statistics.median(alone) * 1000
    name = "p99 of the desk while the night runs, beside alone"
    return [Result(5, name, mine, theirs, "ms", at_most=4, given_ratio=ratio, note=note)]


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


def _exact(slug: str, *desks: Desk) -> None:
    """Every payment that was answered stands in the ledger, nothing failed, and the ledger agrees."""
    faults = [fault for one in desks for fault in one.faults]
    if faults:
        raise RuntimeError(f"The desk was answered {faults[0]!r}.")
    with clinic_scope(clinic_id(slug)):
        taken = Payment.objects.filter(memo=MEMO).count()
        failed = JobFailure.objects.count() + JobRun.objects.exclude(state=JobRun.State.DONE).count()
    if failed or taken != sum(len(one.took) for one in desks):
        raise RuntimeError(f"{failed} steps or accounts failed; {taken} payments.")
    check([slug])


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


def preview(accounts: int, rounds: int, port: int) -> list[Result]:
    """The button and the page that it leads to, for a clinic with so many open accounts; bound: two seconds."""
    took = []
    for slug in clinics(max(rounds // 3, 1), accounts):
        visitor = Visitor.of(slug)
        begin = time.perf_counter()
        sent = exchange(port, visitor.post(f"/c/{slug}/auto-apply/preview/"))
        page = exchange(port, visitor.get(f"/c/{slug}/auto-apply/RUN-001/"))
        took.append(time.perf_counter() - begin)
        if b" 302 " not in sent[:20] or b"Would apply" not in page:
            raise RuntimeError(f"The preview answered {sent[:200]!r}, then {page[:200]!r}.")
    name = f"preview of {accounts:,} open accounts: button and page, of 2 s"
    return [Result(0, name, statistics.median(took), 2, "s", at_most=1)]
