"""Several processes find what one finds, to the byte, however the input is cut; what they die over is told of."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seamaudit.audit import audit, measure, parallel
from seamaudit.cli.scan import verdict
from seamaudit.config import Settings
from seamaudit.errors import EXIT_UNREAD
from seamaudit.facts import REGISTRY
from seamaudit.findings import Report
from seamaudit.ingest.parts import How, Part, read_part
from seamaudit.report import json as as_json
from seamaudit.report.base import document
from tests.cli.shell import DEMO, ROOT
from tests.cli.shell import run as shell
from tests.recordings import recorded

CATALOG = [str(path) for path in sorted((ROOT / "fixtures").glob("*/bad.jsonl"))]


def spelled(report: Report) -> str:
    out = io.StringIO()
    as_json.render(document(report), out)
    return out.getvalue()


def scanned(*paths: str, **chosen: Any) -> str:
    return spelled(audit(paths, Settings(**chosen)))


@pytest.fixture(scope="module")
def catalog() -> str:
    return scanned(*CATALOG)


@pytest.mark.parametrize(("jobs", "part_bytes"), [(2, 40_000), (3, 9_000), (2, 1 << 30)])
def test_the_whole_catalog_in_parts_is_the_catalog(catalog: str, jobs: int, part_bytes: int) -> None:
    assert scanned(*CATALOG, jobs=jobs, part_bytes=part_bytes) == catalog


def test_every_fact_is_told_in_the_same_place() -> None:
    one, several = (measure(CATALOG, Settings(jobs=jobs, part_bytes=20_000)).replayed for jobs in (1, 2))
    for table in REGISTRY:
        assert list(several.facts.table(table.name)) == list(one.facts.table(table.name)), table.name
    assert (several.exchanges, several.threads, several.formats) == (one.exchanges, one.threads, one.formats)


@pytest.mark.parametrize("parts", [("pairs",), ("claude-code",), ("pi",), ("tau-bench",), ("langfuse",), ("inspect",), ("otlp",)])
def test_recordings_in_parts_are_the_recordings(parts: tuple[str, ...]) -> None:
    path = str(recorded(*parts))
    assert scanned(path, jobs=2, part_bytes=2_000_000) == scanned(path)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_lines_are_the_same_wherever_they_are_cut(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = (ROOT / DEMO).read_bytes().splitlines(keepends=True)[:30]
    spoiled = data.draw(
        st.lists(st.tuples(st.integers(0, len(lines) - 1), st.sampled_from([b"", b"\n", b"{", b"\xff", b" \r\n", b"[]\n"])))
    )
    for at, junk in spoiled:
        lines[at] = data.draw(st.sampled_from([junk, lines[at] + junk, lines[at][: len(lines[at]) // 2] + junk]))
    path = tmp_path_factory.getbasetemp() / f"damaged-{os.getpid()}.jsonl"
    path.write_bytes((ROOT / DEMO).read_bytes().splitlines(keepends=True)[0] + b"".join(lines))
    size = data.draw(st.integers(500, 60_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "processes", in_line)
        assert scanned(str(path), jobs=2, part_bytes=size) == scanned(str(path))


class InLine:
    """An executor that does its work at once, in this process: the same pieces, without the wait for processes."""

    def submit(self, work: Callable[..., Any], *items: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*items))
        return future

    def shutdown(self, **_: Any) -> None: ...


def in_line(workers: int) -> Any:
    return parallel.Pool(workers, InLine)  # type: ignore[arg-type]


def test_small_inputs_stay_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "processes", lambda workers: pytest.fail("a process for every little thing"))
    assert audit([str(ROOT / DEMO)], Settings(jobs=8)).exchanges


def test_what_nobody_else_can_read_stays_in_one_process(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    data = (ROOT / DEMO).read_bytes()
    writer = threading.Thread(target=lambda: pipe.write_bytes(data))
    writer.start()
    assert audit([str(pipe)], Settings(jobs=2, part_bytes=1000)).exchanges
    writer.join()


def test_a_compressed_file_is_read_whole(tmp_path: Path) -> None:
    packed = tmp_path / "demo.jsonl.gz"
    packed.write_bytes(gzip.compress((ROOT / DEMO).read_bytes()))
    assert scanned(str(packed), jobs=2, part_bytes=1000) == scanned(str(packed))


# --- workers that die ------------------------------------------------------------------------------------------------


def die_once(notes: Path, how: How, part: Part) -> bytes:
    if part.span and part.span.start and not notes.exists():
        notes.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read_part(how, part)


def die_over_one(path: str, how: How, part: Part) -> bytes:
    if any(source.path == path for source in part.sources) and (part.span is None or part.span.start == 20_000):
        os.kill(os.getpid(), signal.SIGKILL)
    return read_part(how, part)


def die_over_threads(stack: Any, intern: Any, exchanges: Any) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(ROOT / DEMO)
    alone = scanned(path)
    monkeypatch.setattr(parallel, "read_part", partial(die_once, tmp_path / "died"))
    assert scanned(path, jobs=2, part_bytes=20_000) == alone
    assert (tmp_path / "died").exists()


def test_lines_that_every_worker_dies_over_are_unaudited_and_the_rest_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(ROOT / DEMO)
    whole = audit([path], Settings())
    monkeypatch.setattr(parallel, "read_part", partial(die_over_one, path))
    report = audit([path], Settings(jobs=2, part_bytes=20_000))
    books = report.accounting
    assert 0 < books.rejected < books.lines == whole.accounting.lines
    assert books.bytes == whole.accounting.bytes
    assert 0 < report.exchanges < whole.exchanges
    assert [(each.path, each.explicit) for each in report.skipped] == [(path, True)]
    assert verdict(report, None, False) == EXIT_UNREAD


def test_a_file_that_workers_die_over_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "read_part", partial(die_over_one, CATALOG[1]))
    report = audit(CATALOG[:4], Settings(jobs=2, part_bytes=1 << 30))
    assert [each.path for each in report.skipped] == [CATALOG[1]]
    assert report.accounting.rejected == len(Path(CATALOG[1]).read_bytes().splitlines())
    assert report.exchanges


def test_conversations_that_workers_die_over_are_unaudited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "replay_threads", die_over_threads)
    report = audit([str(ROOT / DEMO)], Settings(jobs=2, part_bytes=50_000))
    assert report.exchanges == audit([str(ROOT / DEMO)], Settings()).exchanges
    assert {each.path for each in report.skipped} == {str(ROOT / DEMO)}
    assert verdict(report, None, False) == EXIT_UNREAD


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_takes_jobs() -> None:
    outputs = [shell("scan", DEMO, "--output-format", "json", "--jobs", jobs) for jobs in ("1", "2")]
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0][1])
    assert shell("scan", DEMO, "--jobs", "0")[0] == 2


@pytest.mark.parametrize("address", ["dask://", "spark://localhost:1"])
def test_the_command_refuses_an_executor_that_is_none(address: str) -> None:
    code, out, err = shell("scan", DEMO, "--executor", address)
    assert (code, out) == (2, "")
    assert "dask://HOST:PORT" in err
