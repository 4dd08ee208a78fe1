"""Waking Celery after a commit. What has to be done stands in the database; beat finds what was not woken."""

from functools import partial

import structlog
from django.db import transaction

from clinicpay.celery import app

log = structlog.get_logger(__name__)

IMPATIENT = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
"""A person is waiting while the broker is told; if it is away, the next tick finds the message."""


def wake(task: str, *ids: int) -> None:
    """Ask for a task of clinicpay.tasks once this transaction is committed; never fails."""
    transaction.on_commit(partial(_send, task, ids), robust=True)


def _send(task: str, ids: tuple[int, ...]) -> None:
    try:
        with app.connection_for_write(transport_options=IMPATIENT) as broker:
            app.signature(f"clinicpay.tasks.{task}", args=ids).apply_async(connection=broker, retry=False)
    except Exception:  # the broker is away, in any of its ways
        log.warning("not woken", task=task)
