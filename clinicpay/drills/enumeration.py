"""E10: what sign-in and reset tell about who has an account: nothing by words, status or time."""

from __future__ import annotations

import re
import statistics
import time

import redis

from .frame import Outcome
from .people import Visitor
from .scene import scene

SAMPLES, CONTROLS = 200, 20
FOUND, AWAY = 302, 500
ALLOWED = 0.05
KNOWN = "rita@harbor.test"
TELLTALE = "tests.drills.telltale:application"
PAGES = {"sign-in": ("/accounts/login/", "login"), "reset": ("/accounts/password/reset/", "email")}
Times = tuple[list[float], list[float]]
TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<=x-csrftoken": ")\w+|Printed [\w ,:]+')


def run(outcome: Outcome) -> None:
    """In turns somebody who has an account and somebody who hasn't; then the same of pages that give it away."""
    with scene() as place:
        place.prepare("--bare")
        counts = redis.Redis.from_url(place.environment["REDIS_URL"])
        with place.web(processes=2) as port:
            for name in PAGES:
                _judge(outcome, name, _asked(counts, port, name, SAMPLES))
        with place.web(processes=2, application=TELLTALE) as port:
            for name in PAGES:
                times = _asked(counts, port, name, CONTROLS)[0]
                outcome.figures[f"control: {name} that gives it away, difference"] = f"{difference(*times):.1%}"
                outcome.expect(difference(*times) > ALLOWED, f"the drill can't see what a {name} gives away")


def _judge(outcome: Outcome, name: str, asked: tuple[Times, set[tuple[int, str]]]) -> None:
    times, answers = asked
    known, unknown = (statistics.median(some) for some in times)
    outcome.figures |= {
        f"{name}: samples of each": len(times[0]),
        f"{name}: medians, ms": f"{known * 1000:.1f} / {unknown * 1000:.1f}",
        f"{name}: difference": f"{difference(*times):.2%}",
        f"{name}: different answers": f"{len(answers)}, status {sorted(status for status, _ in answers)}",
    }
    outcome.expect(len(answers) == 1, f"{name} answers in {len(answers)} ways")
    outcome.expect(difference(*times) < ALLOWED, f"the time of {name} tells who has an account")


def difference(known: list[float], unknown: list[float]) -> float:
    """Of the medians, as a part of the longer one."""
    first, second = statistics.median(known), statistics.median(unknown)
    return abs(first - second) / max(first, second)


def _asked(counts: redis.Redis, port: int, name: str, samples: int) -> tuple[Times, set[tuple[int, str]]]:
    """Seconds of each answer for the known and for the unknown, and all answers without what differs anyway."""
    path, field = PAGES[name]
    times: Times = ([], [])
    answers = set()
    for sample in range(samples + 1):
        for number in (0, 1) if sample % 2 else (1, 0):
            counts.flushdb()  # of what was tried before: nobody is stopped as a guesser
            email = (KNOWN, f"nobody{sample}@harbor.test")[number]
            seconds, answer = _one(port, path, {field: email, "password": "wrong wrong wrong"})
            if sample:  # the first warms up
                times[number].append(seconds)
                page = TOKEN.sub("", answer[1]).replace(email, "") if answer[0] < AWAY else ""
                answers.add((answer[0], page))
    return times, answers


def _one(port: int, path: str, form: dict[str, str]) -> tuple[float, tuple[int, str]]:
    visitor = Visitor(port)
    visitor.ask(path)
    begin = time.perf_counter()
    status, page = visitor.ask(path, form)
    seconds = time.perf_counter() - begin
    if status == FOUND:
        page = visitor.ask(f"{path}done/")[1]
    return seconds, (status, page)
