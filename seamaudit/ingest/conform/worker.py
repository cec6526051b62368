"""The process that validates, run as a script of its own: one JSON job a line in, one JSON verdict a line out.

A schema in a trace is written by whoever wrote the trace. Here it can open nothing, connect to nothing and take no longer than a second
of processor time: once the script is loaded it gives up the right to further file descriptors, processes and memory, and the kernel
ends it, in the middle of a match if need be, when a job has used its time. Whoever waits sees the end of the stream.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import Any, NoReturn

import jsonschema_rs

MEMORY = 1 << 30
SECONDS = 1.0
HELD = 256
"""Compiled schemas that are held at most."""

_DRAFTS: dict[str, type[jsonschema_rs.Validator]] = {
    "4": jsonschema_rs.Draft4Validator,
    "6": jsonschema_rs.Draft6Validator,
    "7": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}


def _refuse(uri: str) -> NoReturn:
    """No schema is fetched, whatever it is called."""
    raise ValueError("no schema is fetched")


def _give_up_rights() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)


def _compiled(job: dict[str, Any]) -> Any:
    return _DRAFTS[job["draft"]](job["schema"], validate_formats=False, retriever=_refuse)


def _verdict(validator: Any, instance: Any) -> dict[str, Any]:
    error = next(iter(validator.iter_errors(instance)), None)
    if error is None:
        return {"valid": True}
    if error.kind.name in ("backtrackLimitExceeded", "regexEngineFailure"):
        return {"reason": "pattern"}
    missing = [error.kind.property] if error.kind.name == "required" else []
    return {"valid": False, "keyword": error.kind.name, "path": [*map(str, error.schema_path), *missing]}


def _answer(line: bytes, held: dict[str, Any]) -> dict[str, Any]:
    try:
        job = json.loads(line)
        key = job["key"]
        if job["schema"] is not None:
            while len(held) >= HELD:
                del held[next(iter(held))]
            held[key] = _compiled(job)
        validator = held.get(key)
        return {"reason": "forgotten"} if validator is None else _verdict(validator, job["instance"])
    except RecursionError:
        return {"reason": "depth"}
    except MemoryError:
        return {"reason": "memory"}
    except jsonschema_rs.ReferencingError:
        return {"reason": "reference"}
    except (jsonschema_rs.ValidationError, ValueError, TypeError):
        return {"reason": "schema"}


def _say(word: bytes) -> None:
    sys.stdout.buffer.write(word + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Answer jobs until there are no more."""
    held: dict[str, Any] = {}
    _give_up_rights()
    _say(b"ready")
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = _answer(line, held)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _say(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
