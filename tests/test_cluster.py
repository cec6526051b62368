"""A dask cluster finds what one process finds, also where a worker is killed. Skipped where dask is not installed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from seamaudit.audit import parallel
from seamaudit.errors import SeamauditError
from seamaudit.ingest.parts import How, Part, read_part
from tests.cli.shell import DEMO, ROOT
from tests.cli.shell import run as shell
from tests.test_parallel import scanned

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # dask's own
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield "dask://" + cluster.scheduler_address.removeprefix("tcp://")


@pytest.fixture(scope="module")
def alone() -> str:
    return scanned(str(ROOT / DEMO))


def die_once(notes: Path, how: How, part: Part) -> bytes:
    if part.span and part.span.start and not notes.exists():
        notes.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read_part(how, part)


def test_two_workers_find_what_one_process_finds(address: str, alone: str) -> None:
    assert scanned(str(ROOT / DEMO), executor=address, part_bytes=50_000) == alone


def test_a_worker_that_is_killed_costs_nothing(address: str, alone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work: Any = partial(die_once, tmp_path / "died")
    monkeypatch.setattr(parallel, "read_part", work)
    assert scanned(str(ROOT / DEMO), executor=address, part_bytes=50_000) == alone
    assert (tmp_path / "died").exists()


def test_the_command_takes_a_cluster(address: str) -> None:
    one = shell("scan", DEMO, "--output-format", "json")
    assert shell("scan", DEMO, "--output-format", "json", "--executor", address) == one


def test_a_scheduler_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seamaudit.pool.CONNECT", "1s")
    with pytest.raises(SeamauditError, match="no dask scheduler answers"):
        scanned(str(ROOT / DEMO), executor="dask://127.0.0.1:1")
