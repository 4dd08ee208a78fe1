"""`make clean`: the end of the data."""

from __future__ import annotations

import shutil
from pathlib import Path

from .locks import is_held
from .paths import MADE_BY_US, WORKER_FOLDERS, StartupProblem, chosen_folder
from .postgres import Cluster


def remove() -> int:
    """Stop the database and remove the data folder, unless somebody is at work on it or it is not ours."""
    data = chosen_folder()
    if not data.is_dir():
        return 0
    if not (data / MADE_BY_US).exists():
        raise StartupProblem(f"{data} was not made by ClinicPay: remove it yourself if you mean to.")
    in_use = [
        name
        for name in ("run.lock", "postgres.use", "bench/run.lock")
        if (data / name).exists() and is_held(data / name)
    ]
    if in_use:
        raise StartupProblem(f"ClinicPay is at work on {data}; stop it first.")
    tests = (data / "test").glob("*"), (data / "test").glob(f"*/{WORKER_FOLDERS}")
    for folder in (data, *(folder for found in tests for folder in sorted(found)), *data.glob("bench")):
        remove_database(folder)
    shutil.rmtree(data)
    return 0


def remove_database(folder: Path) -> None:
    """Stop the database of a data folder and remove its files."""
    cluster = Cluster(folder)
    cluster.stop()
    # It may stand outside the data folder, where its unprivileged user can reach it.
    shutil.rmtree(cluster.home)
