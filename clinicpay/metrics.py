"""Metrics for Prometheus, off until METRICS_TOKEN is set: counts and times by route, never by clinic or person."""

import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from clinicpay import health
from clinicpay.logs import route_of
from clinicpay.staff.access import public

METHODS = frozenset({"GET", "HEAD", "POST"})


@cache
def client() -> Any:
    """The optional package."""
    try:
        import prometheus_client.core  # noqa: PLC0415 - optional
    except ImportError as missing:
        raise ImproperlyConfigured(
            "METRICS_TOKEN is set, but prometheus-client isn't installed: pip install -r requirements/extras.txt"
        ) from missing
    return prometheus_client


@cache
def _counters() -> tuple[Any, Any]:
    requests = client().Counter("clinicpay_requests", "Requests answered", ["method", "route", "status"])
    seconds = client().Histogram("clinicpay_request_seconds", "How long an answer took", ["route"])
    return requests, seconds


class MetricsMiddleware:
    """Counts and times every answer; not there at all while metrics are off."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.requests, self.seconds = _counters()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begin = time.monotonic()
        response = self.get_response(request)
        # Names that anybody may invent would fill the memory: only ours are counted apart.
        method, route = request.method if request.method in METHODS else "other", route_of(request)
        self.requests.labels(method, route, response.status_code).inc()
        self.seconds.labels(route).observe(time.monotonic() - begin)
        return response


class Servers:
    """Whether each of the things that serving needs is there, asked when the metrics are."""

    def collect(self) -> Iterator[Any]:
        """1 for what is there."""
        gauge = client().core.GaugeMetricFamily("clinicpay_up", "What /readyz asks", labels=["needs"])
        for name, ask in health.CHECKS.items():
            gauge.add_metric([name], 0 if ask() else 1)
        yield gauge


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """For who brings the token; for everybody else there is no such page."""
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not constant_time_compare(request.headers.get("Authorization", ""), wanted):
        raise Http404
    library = client()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # several web processes count together
        from prometheus_client import multiprocess  # noqa: PLC0415 - optional

        registry = library.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    else:
        registry = library.REGISTRY
    needs = library.CollectorRegistry()
    needs.register(Servers())
    body = library.generate_latest(registry) + library.generate_latest(needs)
    return HttpResponse(body, content_type=library.CONTENT_TYPE_LATEST)
