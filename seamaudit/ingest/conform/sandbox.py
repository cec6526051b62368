"""The near end of the process that validates: jobs go there, verdicts come back, and a job that takes too long costs only itself."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from seamaudit.ingest import jsontext
from seamaudit.ingest.conform.schema import Prepared
from seamaudit.trace import Conformance

MAX_INSTANCE: Final = 256 << 10
READY: Final = b"ready\n"
REMEMBERED: Final = 4096
"""Verdicts kept, so that what is sent again is not judged again."""

_REASONS: Final = {
    "depth": "the value or the schema is nested too deeply",
    "memory": "validating it takes too much memory",
    "reference": "the schema refers to what it does not hold",
    "pattern": "a pattern of the schema takes too long on the value",
    "schema": "the schema is no valid JSON Schema",
}
_TOO_LONG: Final = "validating it takes more time or memory than is given"
_NO_PROCESS: Final = "validating needs a process that this system does not start"
_WHERE: Final = 160
"""Characters of a place inside a schema that are kept."""


class Sandbox:
    """Validates values in a process of its own, which is started when the first one comes and started again after it had to be ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._sent: set[str] = set()
        self._verdicts: OrderedDict[bytes, Conformance] = OrderedDict()
        self._slow: set[str] = set()
        self._works = True

    def judge(self, schema: Prepared, value: bytes) -> Conformance:
        """Whether a value, given as JSON, is what the schema says; or why that is not known."""
        if len(value) > MAX_INSTANCE:
            return _unchecked("the value is too large to validate")
        key = jsontext.digest(b"%b\0%b\0%d" % (schema.text, schema.draft.encode(), schema.promised))
        job = key + jsontext.digest(value)
        known = self._verdicts.get(job)
        if known is None:
            known = self._verdicts[job] = self._judge(key.hex(), schema, value)
            while len(self._verdicts) > REMEMBERED:
                self._verdicts.popitem(last=False)
        return known

    def close(self) -> None:
        """Let the process go."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with suppress(OSError):
            process.communicate(timeout=5)
        self._sent.clear()

    def _judge(self, key: str, schema: Prepared, value: bytes) -> Conformance:
        if key in self._slow:
            return _unchecked(_TOO_LONG)
        answer = self._asked(key, schema, value)
        if answer is not None and answer.get("reason") == "forgotten":
            self._sent.discard(key)
            answer = self._asked(key, schema, value)
        if answer is None:
            self._slow.add(key)
            return _unchecked(_TOO_LONG if self._works else _NO_PROCESS)
        if "reason" in answer:
            return _unchecked(_REASONS.get(answer["reason"], _REASONS["schema"]))
        if answer["valid"]:
            return Conformance("valid", promised=schema.promised)
        where = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in answer["path"])
        return Conformance("invalid", answer["keyword"], where[:_WHERE], schema.promised)

    def _asked(self, key: str, schema: Prepared, value: bytes) -> dict[str, Any] | None:
        """The process's answer, None where it ended over the job."""
        process = self._started()
        if process is None:
            return None
        text = b"null" if key in self._sent else schema.text
        self._sent.add(key)
        job = b'{"key":"%b","draft":"%b","schema":%b,"instance":%b}\n' % (key.encode(), schema.draft.encode(), text, value)
        line = b""
        assert process.stdin is not None and process.stdout is not None
        with suppress(OSError):
            process.stdin.write(job)
            process.stdin.flush()
            line = process.stdout.readline()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = orjson.loads(line)
            return answer
        self._end(process)
        return None

    def _started(self) -> subprocess.Popen[bytes] | None:
        """The process, None where none can be had: it says a word once it has given up its rights."""
        if self._process is None and self._works:
            script = str(Path(__file__).with_name("worker.py"))
            command = [sys.executable, "-I", script]
            with suppress(OSError):
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                self._process = process
                self._works = process.stdout is not None and process.stdout.readline() == READY
            self._works = self._works and self._process is not None
        return self._process if self._works else None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        with suppress(OSError, ValueError):
            process.communicate()
        self._process = None
        self._sent.clear()


def _unchecked(reason: str) -> Conformance:
    return Conformance("unchecked", reason=reason)
