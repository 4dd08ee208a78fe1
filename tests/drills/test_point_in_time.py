"""F2, F4 in short, on a small server: a base backup is checked bit by bit, a journal leads to before a bad delete."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from clinicpay.drills.point_in_time import (
    Kept,
    archiving,
    base_backup,
    files_of,
    flip_one_bit,
    journal_of,
    recovered,
    verified,
)
from clinicpay.drills.scene import own, passable_folder
from clinicpay.embedded.postgres import SUPERUSER, Cluster


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Path]:
    """Another disk, as it were."""
    folder = passable_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(elsewhere: Path) -> Iterator[Cluster]:
    """A server that hands its journal over."""
    data = passable_folder()
    cluster = Cluster(data, durable=False, settings=archiving(elsewhere / "journal"))
    own(elsewhere / "journal", cluster)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.home)
    shutil.rmtree(data)


@pytest.fixture(scope="module")
def base(server: Cluster, elsewhere: Path) -> Path:
    return base_backup(server, elsewhere / "base", database="postgres")


def numbers(cluster: Cluster) -> list[int]:
    with psycopg.connect(cluster.url(SUPERUSER, "postgres")) as superuser:
        return [number for (number,) in superuser.execute("select number from kept order by number")]


def test_flipped_bit_of_a_base_backup_is_found(base: Path, elsewhere: Path) -> None:
    """F2"""
    assert verified(base) is None
    copy = Path(shutil.copytree(base, elsewhere / "flipped"))
    table = max(files_of(copy / "base"), key=lambda file: file.stat().st_size)
    flip_one_bit(table, 5000)
    assert table.name in (verified(copy) or "")

    flip_one_bit(table, 5000)
    assert verified(copy) is None
    flip_one_bit(*journal_of(copy))
    assert "WAL" in (verified(copy) or "")


def test_journal_leads_to_the_moment_before_a_bad_delete(server: Cluster, base: Path, elsewhere: Path) -> None:
    """F4; the control is the whole journal, which brings the delete, too."""
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as superuser:
        superuser.execute("create table kept as select generate_series(1, 3) as number")
        before = datetime.now(UTC)
        superuser.execute("delete from kept where number > 1")
        (piece,) = superuser.execute("select pg_walfile_name(pg_switch_wal())").fetchone() or ("",)
        while superuser.execute("select last_archived_wal >= %s from pg_stat_archiver", [piece]).fetchone() != (True,):
            pass
    kept = Kept(base, elsewhere / "journal")

    with recovered(server, kept, until=before) as cluster:
        assert numbers(cluster) == [1, 2, 3]
    with recovered(server, kept) as cluster:
        assert numbers(cluster) == [1]
