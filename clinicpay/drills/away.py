"""D10: PostgreSQL is killed under load and comes back; nobody is told a lie, and nothing that was told is lost."""

from __future__ import annotations

import os
import time
from collections import Counter

import psycopg

from clinicpay.embedded.postgres import SUPERUSER

from .frame import Outcome
from .people import Attempt, Cashier, at_work, desk
from .scene import Scene, scene

PEOPLE, BEFORE, AFTER, RECOVERY = 20, 5, 8, 5


def run(outcome: Outcome) -> None:
    """Twenty people take payments; the database goes for 10 seconds (CLINICPAY_AWAY=30 for more)."""
    seconds = int(os.environ.get("CLINICPAY_AWAY", "10"))
    with scene() as place:
        place.prepare("--bare")
        with place.web() as port:
            people = desk(port, PEOPLE)
            with at_work(people):
                time.sleep(BEFORE)
                place.cluster.stop(patience=0)  # at once, without its goodbyes
                gone = time.monotonic()
                time.sleep(seconds)
                place.cluster.start()
                back = time.monotonic()
                time.sleep(AFTER)
            for person in people:
                person.resend()
            _judge(outcome, place, people, (gone, back))


def _judge(outcome: Outcome, place: Scene, people: list[Cashier], outage: tuple[float, float]) -> None:
    attempts = [attempt for person in people for attempt in person.attempts]
    kept = payments(place)
    gone, back = outage
    statuses = Counter(status for attempt in attempts for status in attempt.answers)
    reads = Counter(status for person in people for when, status in person.reads if gone + 1 < when < back)
    recovered = min((when for person in people for when, status in person.reads if when > back and status == 200))
    lost = lies(attempts, kept)
    outcome.figures |= {
        "seconds away": round(back - gone, 1),
        "payments tried / acknowledged": f"{len(attempts)} / {sum(attempt.acknowledged for attempt in attempts)}",
        "answers to payments": dict(sorted(statuses.items())),
        "answers to pages while away": dict(sorted(reads.items())),
        "recovery, seconds": round(recovered - back, 2),
        "acknowledged and lost": lost,
        "taken twice": sum(count > 1 for count in kept.values()),
        "not acknowledged after resending": sum(not attempt.acknowledged for attempt in attempts),
    }
    invented = Attempt("drill-invented", "", {}, answers=[302])
    outcome.figures["control: invented payment missed"] = lies([*attempts, invented], kept) - lost
    outcome.expect(lost == 0, f"{lost} acknowledged payments are lost")
    outcome.expect(lies([invented], kept) == 1, "the count could not see a lost payment")
    outcome.expect(set(statuses) <= {302, 503}, f"payments were answered {dict(statuses)}")
    outcome.expect(set(reads) == {503}, f"pages were answered {dict(reads)} while the database was away")
    outcome.expect(recovered - back <= RECOVERY, "recovery took too long")
    outcome.expect(max(kept.values()) == 1, "a payment was taken twice")
    outcome.expect(all(attempt.acknowledged for attempt in attempts), "a form that was sent again was not done")


def lies(attempts: list[Attempt], kept: Counter[str]) -> int:
    """Payments that somebody was shown as done and that are not there."""
    return sum(attempt.acknowledged and not kept[attempt.memo] for attempt in attempts)


def payments(place: Scene) -> Counter[str]:
    """How often each memo was paid."""
    with psycopg.connect(place.cluster.url(SUPERUSER)) as superuser:
        rows = superuser.execute("select memo from payments_payment where memo like 'drill-%'").fetchall()
    return Counter(memo for (memo,) in rows)
