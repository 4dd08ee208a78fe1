"""One small cluster for all these tests, in a folder that an unprivileged server user can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clinicpay.embedded.postgres import Cluster
from clinicpay.embedded.servers import Tenancy
from tests.ports import remember_port


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Unlike pytest's own temporary folders, this one can be passed through by others."""
    folder = Path(tempfile.mkdtemp(prefix="clinicpay-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data() -> Iterator[Path]:
    """An empty data folder."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """A data folder with a prepared cluster: making one takes longer than all that the tests do with it."""
    with reachable_folder() as folder:
        tenancy = Tenancy(Cluster(remember_port(folder), durable=False))
        tenancy.enter(in_passing=True)
        tenancy.leave()
        yield folder


@pytest.fixture
def stopped(prepared: Path) -> Iterator[Cluster]:
    """The prepared cluster, not running before or after the test."""
    cluster = Cluster(prepared, durable=False)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def cluster(prepared: Path) -> Iterator[Cluster]:
    """The prepared cluster, running for the tests of a module."""
    cluster = Cluster(prepared, durable=False)
    cluster.start()
    yield cluster
    cluster.stop()
