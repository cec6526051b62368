"""A pytest fixture: `assert_no_seams(trace)` fails a test whose recorded traffic shows a finding.

Found by pytest through the entry point `pytest11`; nothing is imported before a test asks for the fixture.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

Trace = str | Path | Iterable[Mapping[str, Any]]
"""A recording's path, or its records as they would stand in a file, one a line."""


@pytest.fixture
def assert_no_seams() -> Callable[..., None]:
    """Fail where a recording shows findings: `assert_no_seams(trace, at_least="medium", ignore=("CA014",))`.

    `trace` is a path or a list of records; `at_least` the least severity that fails, `ignore` codes or their beginnings that do not. A
    recording with nothing in it fails too: nothing audited is not clean.
    """
    return _assert_no_seams


def _assert_no_seams(trace: Trace, *, at_least: str = "medium", ignore: Iterable[str] = ()) -> None:
    from seamaudit.audit import audit
    from seamaudit.config import Settings
    from seamaudit.errors import SeamauditError
    from seamaudit.findings import Severity

    __tracebackhide__ = True
    least, left_out = Severity(at_least), tuple(ignore)
    with tempfile.TemporaryDirectory(prefix="seamaudit-") as folder:
        try:
            report = audit([str(_file(trace, Path(folder)))], Settings())
        except SeamauditError as error:
            pytest.fail(error.message, pytrace=False)
    if not report.exchanges:
        pytest.fail("the trace holds no call to a model", pytrace=False)
    found = [each for each in report.findings if not each.severity < least and not (left_out and each.code.startswith(left_out))]
    if found:
        pytest.fail("\n".join(_line(each.code, each.name, each.message, each.locations[0].line) for each in found), pytrace=False)


def _file(trace: Trace, folder: Path) -> Path:
    if isinstance(trace, str | Path):
        return Path(trace)
    path = folder / "trace.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in trace), encoding="utf-8")
    return path


def _line(code: str, name: str, message: str, line: int) -> str:
    from seamaudit.evidence import printable

    return printable(f"{code} {name} (line {line}): {message}")
