"""The bench from the shell: `make bench`, `make bench ARGS="--rows 1000000 --keep"`."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import processor, report
from bench.place import own_servers, web
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import Cluster
from clinicpay.embedded.stopping import Stopped, stop_on_signals

SMALL, DESK, BIG = "small", "desk", "big"
PARTS = ("posting", "lists", "queue", "cards", "starts", "plans", "nights", "deposits", "statements", "imports", "days")


def main(arguments: list[str]) -> int:
    """Measure, print the table, keep the file. 0 whatever was found: a bench on a busy machine is no test."""
    options = _parser().parse_args(arguments)
    stop_on_signals()
    begin = time.monotonic()
    try:
        with own_servers(keep=options.keep) as folder:
            results, facts = _measured(folder, options)
    except StartupProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except Stopped:
        return 130
    print(f"\n{report.table(results)}\n{facts.get('plans', '')}")
    report.write(results, **facts, rows=options.rows, seconds=round(time.monotonic() - begin))
    print(f"{report.RESULTS} has the same. It took {time.monotonic() - begin:.0f} s.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="payments of the large clinic (default: 100000)")
    parser.add_argument(
        "--keep", action="store_true", help="keep the database for the next run, which then fills nothing"
    )
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="leave the other parts out")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each comparison (default: 7)")
    parser.add_argument(
        "--accounts", type=int, default=200, help="accounts of a clinic whose night is measured (default: 200)"
    )
    parser.add_argument("--port", type=int, default=8090, help="a free port (default: 8090)")
    return parser


def _measured(folder: Path, options: argparse.Namespace) -> tuple[list[report.Result], dict[str, object]]:
    import django

    django.setup()
    from bench import cards, days, deposits, desk, imports, lists, nights, plans, posting, queue, starts, statements

    facts: dict[str, object] = {}
    results: list[report.Result] = []
    processes: list[int] = []
    if set(options.only) - {"starts", "nights", "deposits", "statements", "imports", "days"}:
        facts["filled"] = _filled(options.rows)
    comparisons: list[tuple[str, Callable[[], list[report.Result]]]] = [
        ("posting", lambda: posting.posting(DESK, options.port, folder, options.rounds)),
        ("posting", lambda: posting.by_processor(DESK, options.port, processes, options.rounds)),
        ("lists", lambda: lists.rendering(SMALL, options.port, options.rounds)),
        ("lists", lambda: lists.sizes(SMALL, BIG, options.port, options.rounds)),
        ("queue", lambda: queue.sizes(SMALL, BIG, options.port, max(options.rounds // 2, 3))),
        ("queue", lambda: queue.totals(BIG, options.rounds)),
        ("cards", lambda: cards.searching(SMALL, BIG, options.port, max(options.rounds // 2, 3))),
        ("cards", lambda: cards.figures(SMALL, BIG, options.rounds)),
        ("nights", lambda: nights.nights(options.accounts, options.rounds)),
        ("nights", lambda: desk.preview(1_000, options.rounds, options.port)),
        ("deposits", lambda: deposits.deposits(options.rows, options.port, options.rounds)),
        ("statements", lambda: statements.statements(200, options.rounds)),
        ("imports", lambda: imports.imports(options.rows)),
        ("days", lambda: days.days(days.Server(options.port, processes), options.rounds)),
        ("nights", lambda: desk.desk(5 * options.accounts, max(options.rounds // 2, 1), options.port)),
    ]
    with web(folder, options.port) as part:
        processes += processor.servers_of(part, Cluster(folder).files)
        for name, compare in comparisons:
            if name in options.only:
                results += _told(compare())
    if "plans" in options.only:
        facts["plans"] = plans.told(plans.findings(BIG))
    if "starts" in options.only:
        results += _told(starts.starts(options.port))
    return results, facts


def _told(results: list[report.Result]) -> list[report.Result]:
    for one in results:
        print(f"{one.name}: {one.ratio:.3f} {one.target}", flush=True)
    return results


def _filled(rows: int) -> dict[str, object]:
    """The clinics, made where they are missing: the small, the desk's, ten others, and the large one."""
    from bench.fill import as_owner, check, fill
    from clinicpay.clinics.queries import all_clinics

    wanted = {SMALL: 1_000, DESK: 5_000, **{f"other-{number}": 500 for number in range(1, 11)}, BIG: rows}
    facts: dict[str, object] = {}
    for slug, payments in wanted.items():
        if slug not in all_clinics():
            done = fill(slug, payments)
            facts[slug] = done.payments, round(done.payments / done.seconds)
            print(f"{slug}: {done.payments:,} payments, {done.payments / done.seconds:,.0f} a second", flush=True)
    if facts:
        as_owner("vacuum analyze")
        print(check(list(wanted)), flush=True)
    return facts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
