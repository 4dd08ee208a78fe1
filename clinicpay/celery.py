"""The Celery application and its beat table. Truth about work is in Postgres; Celery only wakes it."""

import os
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import setup_logging, task_postrun, task_prerun

from clinicpay.audit.context import request_id, via

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinicpay.settings")

app = Celery("clinicpay")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
    task_acks_late=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_max_memory_per_child=400_000,  # KiB: after a very large paper a fresh process goes on (decision 187)
    timezone="UTC",
    beat_schedule={
        "forget-old-sessions": {"task": "clinicpay.tasks.forget_old_sessions", "schedule": crontab(hour=2, minute=10)},
        "seal-trails": {"task": "clinicpay.tasks.seal_trails", "schedule": crontab(minute="*/5")},
        "fold-tallies": {"task": "clinicpay.tasks.fold_all_tallies", "schedule": crontab(minute="2-59/5")},
        "follow-gateways": {"task": "clinicpay.tasks.follow_gateways", "schedule": crontab(minute="2-59/5")},
        "send-waiting-messages": {"task": "clinicpay.tasks.send_waiting_messages", "schedule": crontab(minute="*/2")},
        "tick": {"task": "clinicpay.tasks.tick", "schedule": crontab(minute="*/5")},
        "verify-ledgers": {"task": "clinicpay.tasks.verify_ledgers", "schedule": crontab(hour=4, minute=40)},
    },
)
# Connected to, so Celery leaves the loggers as Django's settings have them.
setup_logging.connect(lambda **_: None, weak=False)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["clinicpay"])


@task_prerun.connect
def name_the_task(task_id: str, task: Task, **_more: Any) -> None:
    """What the task logs and writes into the trail names it, as a web request's lines name that."""
    request_id.set(task_id[:36])
    via.set(task.name.rpartition(".")[2])


@task_postrun.connect
def forget_the_task(**_more: Any) -> None:
    """The next one in this process has a name of its own."""
    request_id.set("")
    via.set("")
