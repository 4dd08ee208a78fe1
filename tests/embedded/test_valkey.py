"""The embedded Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from clinicpay.embedded.valkey import Broker


@pytest.fixture
def broker(data: Path) -> Iterator[Broker]:
    """A running broker."""
    broker = Broker(data)
    broker.start()
    yield broker
    broker.stop()


def test_broker_forgets_nothing_and_hears_only_us(broker: Broker) -> None:
    with redis.Redis.from_url(str(broker.url())) as client:
        settings = client.config_get("appendonly", "maxmemory-policy", "bind")

    assert settings == {"appendonly": "yes", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"}


def test_second_supervisor_uses_the_broker_that_runs(broker: Broker) -> None:
    second = Broker(broker.data)

    assert second.start() == broker.url()
    second.stop()

    assert broker.is_alive()


def test_stopped_broker_has_no_address_and_keeps_its_queue(broker: Broker) -> None:
    with redis.Redis.from_url(str(broker.url())) as client:
        client.rpush("queue", "work")

    broker.stop()
    assert broker.url() is None
    assert not broker.is_alive()

    with redis.Redis.from_url(broker.start()) as client:
        assert client.lrange("queue", 0, -1) == [b"work"]


def test_killed_broker_is_noticed(broker: Broker) -> None:
    assert broker.process
    broker.process.kill()
    broker.process.wait()

    assert not broker.is_alive()
    assert broker.url() is None
