"""What could not be read, as facts and as holes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Hole, Locus


class Cause(StrEnum):
    """Why bytes gave no exchange, or gave one only after help."""

    NOT_JSON = "not_json"
    TRUNCATED_TAIL = "truncated_tail"
    TOO_DEEP = "too_deep"
    NOT_FINITE = "not_finite"
    OVERSIZE = "oversize"
    NOT_AN_EXCHANGE = "not_an_exchange"
    UNKNOWN_BODY = "unknown_body"
    TRUNCATED_STREAM = "truncated_stream"
    CORRUPT_STREAM = "corrupt_stream"
    DECOMPRESSION_CAP = "decompression_cap"
    IO_ERROR = "io_error"
    READER_ERROR = "reader_error"
    WORKER_DIED = "worker_died"
    OTHER_ENDPOINT = "other_endpoint"
    JOINED_RECORDS = "joined_records"


@fact("input_faults")
class InputFault(Fact, frozen=True, kw_only=True):
    """Bytes of an input that are no readable record, at the place where they stand."""

    cause: Annotated[Cause, "Why: no JSON, a cut last line, nested too deep, over a size cap, no exchange, a damaged compressed stream."]
    bytes: Annotated[int, "How many bytes of the decompressed input it concerns."]
    lines: Annotated[int, "How many lines of the input it concerns; part of a line counts as one."]
    resynchronised: Annotated[bool, "Whether everything was read all the same: nothing is lost."]


def lost(cause: Cause, locus: Locus, lines: int = 1) -> tuple[Hole, InputFault]:
    """What is said about bytes that were not read: a hole for those who reason across it, and a fact for the rules."""
    return Hole(locus, cause), _fault(cause, locus, lines, resynchronised=False)


def resynchronised(locus: Locus, lines: int = 1) -> InputFault:
    """What is said about several records where one was expected, all of them read."""
    return _fault(Cause.JOINED_RECORDS, locus, lines, resynchronised=True)


def _fault(cause: Cause, locus: Locus, lines: int, *, resynchronised: bool) -> InputFault:
    return InputFault(
        exchange=-1, thread="", app="", locus=locus, cause=cause, bytes=locus.length, lines=lines, resynchronised=resynchronised
    )
