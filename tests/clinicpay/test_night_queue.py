"""D7, small: a night through a real broker and real workers; sent twice, its worker killed, its queue lost."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from celery.schedules import crontab
from django.db import connection

from balances.ledger import lock_accounts
from clinicpay.celery import app
from clinicpay.clinics.models import Clinic, JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.embedded.valkey import Broker
from clinicpay.patients.models import Account
from tests.a_worker import a_worker, wait_for
from tests.balances.invariants import broken
from tests.content import content, differing
from tests.drills.practice import make_practice

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "celery"
ACCOUNTS = 8
Practice = tuple[Clinic, date]


class Post(Broker):
    """A broker of this test alone, which may lose everything."""

    def send(self, task: str, *arguments: object) -> None:
        with app.connection_for_write(os.environ["REDIS_URL"]) as broker:
            app.signature(f"clinicpay.tasks.{task}", args=arguments).apply_async(connection=broker, retry=False)

    def holds(self) -> tuple[int, int]:
        """Tasks that wait, and tasks that a worker has taken and not ended."""
        with app.connection_for_read(os.environ["REDIS_URL"]) as broker:
            client = broker.default_channel.client
            return client.llen(QUEUE), client.hlen("unacked")

    def lose_everything(self) -> None:
        """It dies, its files are gone, and an empty one takes its place at the same address."""
        assert self.process
        self.process.kill()
        self.process.wait()
        for path in sorted((self.data / "valkey").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        assert self.start() == os.environ["REDIS_URL"]


@pytest.fixture
def post(tmp_path, monkeypatch) -> Iterator[Post]:
    broker = Post(tmp_path)
    monkeypatch.setenv("REDIS_URL", broker.start())
    yield broker
    broker.stop()


def left(practice: Practice) -> set[str]:
    """The steps of its night that are not done."""
    with clinic_scope(practice[0]):
        rows = JobRun.objects.filter(local_date=practice[1]).exclude(state=JobRun.State.DONE)
        return set(rows.values_list("job", flat=True))


def waiting_for_us() -> list[int]:
    """Processes of the database that wait for a row which this one has locked."""
    with connection.cursor() as cursor:
        cursor.execute("select pid from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))")
        return [pid for (pid,) in cursor.fetchall()]


def is_connected(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_stat_activity where pid = %s", [pid])
        return cursor.fetchone() is not None


def at_work(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def sent_twice_and_killed(practice: Practice, post: Post, tmp_path: Path) -> None:
    """Two workers get the same night at once; the one that is at it dies in the middle of a chunk."""
    clinic, day = practice
    folders = [at_work(tmp_path, name) for name in ("first", "second")]
    with ExitStack() as crew:
        with clinic_scope(clinic):
            # It holds the money step where it is, so that the worker dies there and nowhere else.
            lock_accounts([Account.objects.order_by("pk").values_list("pk", flat=True)[3]])
            workers = [crew.enter_context(a_worker(QUEUE, folder)) for folder in folders]
            for _ in range(2):
                post.send("night", clinic.pk, day.isoformat())
            [waiting] = wait_for(waiting_for_us, folders[0])
            wait_for(lambda: post.holds() == (0, 1), folders[0])  # the other has seen that somebody is at it
            for worker in workers:
                worker.kill()
        wait_for(lambda: not is_connected(waiting), folders[0])


def test_d7_night_sent_twice_killed_and_lost_is_done_once_by_the_next_tick(post, tmp_path):
    """D7: nothing twice, nothing missing. The control: what the broker loses stays undone until the tick."""
    calm, cut = (make_practice(f"{name}-{uuid.uuid4().hex[:8]}", ACCOUNTS) for name in ("calm", "cut"))

    sent_twice_and_killed(cut, post, tmp_path)
    assert left(cut) == {"auto_apply", "promises", "settle"}

    post.send("night", cut[0].pk, cut[1].isoformat())
    post.lose_everything()
    last = at_work(tmp_path, "last")
    with a_worker(QUEUE, last):
        post.send("night", calm[0].pk, calm[1].isoformat())  # whatever stood before it in the queue is over with it
        wait_for(lambda: not left(calm), last)
        assert left(cut) == {"auto_apply", "promises", "settle"}

        for _ in range(2):
            post.send("tick")
        wait_for(lambda: not left(cut) and post.holds() == (0, 0), last)

    with clinic_scope(calm[0]):
        wanted = content()
    with clinic_scope(cut[0]):
        assert not broken()
        assert differing(wanted, content()) == {}
    assert len(wanted["decisions"]) > ACCOUNTS


def test_d7_tick_comes_within_ten_minutes():
    """D7: so long at most is what a broker has lost left undone."""
    assert app.conf.beat_schedule["tick"] == {"task": "clinicpay.tasks.tick", "schedule": crontab(minute="*/5")}
