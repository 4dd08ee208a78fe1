"""The two questions that a load balancer asks: does the process answer, and can it serve?"""

from collections.abc import Callable
from functools import cache

from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from clinicpay.clinics.db.boot import UnsafeRole, refuse_unsafe_role
from clinicpay.staff.access import public


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; asks no server."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if the process can serve; else 503 with a line for each thing that it lacks. JSON for who prefers it."""
    problems = {name: problem for name, ask in CHECKS.items() if (problem := ask())}
    status = 503 if problems else 200
    if request.get_preferred_type(["text/plain", "application/json"]) == "application/json":
        checks = {name: problems.get(name, "ok") for name in CHECKS}
        return JsonResponse({"ready": not problems, "checks": checks}, status=status)
    words = "\n".join(problems.values()) or "ready"
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain")


def _database() -> str:
    try:
        refuse_unsafe_role(connection)
    except UnsafeRole:
        return "the database is reached as a role that row level security does not hold"
    except DatabaseError:
        return "the database does not answer"
    return ""


def _migrations() -> str:
    try:
        applied = MigrationRecorder(connection).applied_migrations().keys()
    except DatabaseError:
        return "whether migrations are waiting is unknown"
    return "" if applied >= last_migrations() else "migrations are waiting"


@cache
def last_migrations() -> frozenset[tuple[str, str]]:
    """The newest migration of each app, read from the code once: reading takes longer than all else here."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _cache() -> str:
    try:
        caches["default"].get("readyz")
    except RedisError:
        return "the cache does not answer: nobody can sign in"
    return ""


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "cache": _cache}
"""What serving needs; each answers what is wrong, in words that may be read by anybody, or nothing."""
