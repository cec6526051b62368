"""JSON lines: one finding a line, then one line with the summary; made for `grep`, `jq -c` and loading into tables."""

from __future__ import annotations

import json
from typing import Any, TextIO

from seamaudit.report.base import DocumentV1, members


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write every finding, then the summary, each one line that says its `type` and `schema_version`; pure ASCII."""
    for finding in whole.findings:
        _write({"type": "finding", "schema_version": whole.schema_version, **members(finding)}, out)
    _write({"type": "summary", "schema_version": whole.schema_version, "tool": whole.tool, **members(whole.summary)}, out)


def _write(value: dict[str, Any], out: TextIO) -> None:
    out.write(json.dumps(value, default=members, allow_nan=False) + "\n")
