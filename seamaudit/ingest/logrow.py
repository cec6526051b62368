"""A record of somebody's own log, asked for what a mapping names."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from seamaudit.ingest import counts
from seamaudit.ingest.blocks import fields, first_code, word
from seamaudit.ingest.counted import Names, usage
from seamaudit.ingest.logmap import COUNTS, LogMap, Place, Record, opened
from seamaudit.ingest.routed import COUNTS as PROVIDERS
from seamaudit.ingest.spoken import Message, answer, conversation
from seamaudit.ingest.times import moment, seconds
from seamaudit.ingest.told import NO_TIMES, Failure
from seamaudit.trace import Attribution, Times, Usage

_NAMES: Final = Names(
    input=("input",),
    read=("cache_read",),
    write=("cache_write",),
    write_5m=("cache_write_5m",),
    write_1h=("cache_write_1h",),
    output=("output",),
    reasoning=("reasoning",),
    total=("total",),
)
_NOWHERE: Final = Place()
_ANSWERS: Final = frozenset({"role", "content", "choices", "candidates", "output", "parts", "tool_calls", "message", "messages", "type"})
"""Members of which an object that is an answer, and not a text that happens to be JSON, has one."""


class Row:
    """A record, asked for what a mapping names."""

    def __init__(self, record: Record, log: LogMap) -> None:
        self.record = record
        self._log = log
        self.named = frozenset(log.places) | (frozenset({"usage"}) if log.usage else frozenset())

    def value(self, name: str) -> Any:
        """A value as it stands."""
        return self.record.found(self._log.places.get(name, _NOWHERE))[0]

    def open(self, name: str) -> Any:
        """A value with parts, in a text or not."""
        return opened(self.value(name))

    def where(self, name: str) -> str:
        """The pointer of a value; "" where it has none."""
        return self.record.found(self._log.places.get(name, _NOWHERE))[1]

    def text(self, name: str) -> str:
        """A short text; numbers are spelled."""
        value = self.value(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return word(value)[:256]

    def number(self, name: str) -> float | int | None:
        """A number, in a text or not."""
        return _number(self.value(name))

    def integer(self, name: str) -> int | None:
        """A whole number, in a text or not."""
        return _whole(self.value(name))

    def status(self) -> int | None:
        """The HTTP status; words are none."""
        status = self.integer("status")
        return status if status is not None and 100 <= status < 600 else None

    def times(self) -> Times:
        """When it was."""
        started, ended, first = (self._moment(name) for name in ("started", "ended", "first_byte"))
        duration, wait = (self._seconds(name) for name in ("duration", "time_to_first_byte"))
        if started is None and ended is not None and duration is not None:
            started = ended - duration
        if started is None and ended is None:
            return replace(NO_TIMES, duration=duration)
        if ended is None and started is not None and duration is not None:
            ended = started + duration
        if duration is None and started is not None and ended is not None and ended >= started:
            duration = ended - started
        if first is None and started is not None and wait is not None:
            first = started + wait
        return Times(started, first, ended, duration, started or ended)

    def messages(self) -> tuple[list[Message] | None, bool]:
        """The prompt, and whether it is whole: of a lone text nobody knows what was said before it."""
        held, before = self.value("messages"), self.value("system")
        given = opened(held)
        if isinstance(held, str) and not _is_spoken(given):
            said: list[Message] | None = [{"role": "user", "content": held}] if held else None
            whole = self._log.complete is True
        else:
            said, whole = conversation(given), self._log.complete is not False
        if said is not None and isinstance(before, str | list) and before:
            said = [{"role": "system", "content": before}, *said]
        return said, whole

    def answer(self) -> Message | None:
        """What was answered. A text that is JSON is an answer in JSON, where it is not a message's."""
        held = self.value("answer")
        given = opened(held)
        if isinstance(held, str) and not _is_spoken(given):
            return {"role": "assistant", "content": held} if held else None
        return answer(given)

    def usage(self) -> Usage | None:
        """The counts, None where none are recorded."""
        told = self._log.usage
        if told is None:
            return None
        held = opened(self.record.found(told.at)[0])
        if isinstance(held, dict):
            return usage(counts.flattened(held), PROVIDERS, told.convention)
        found = {name: _whole(self.record.found(told.named.get(name, _NOWHERE))[0]) for name in COUNTS}
        return usage({name: count for name, count in found.items() if count is not None}, _NAMES, told.convention)

    def attribution(self) -> Attribution:
        """Who caused it."""
        named = {name: self.text(name)[:128] for name in ("app", "agent", "team", "key", "user")}
        return Attribution(app_declared=bool(named["app"]), **named)

    def failure(self) -> Failure | None:
        """How it failed, None where it did not."""
        status, error = self.status(), self.open("error")
        if not error and (status is None or status < 400):
            return None
        held = fields(error)
        text = word(error) or word(held.get("message")) or word(fields(held.get("error")).get("message"))
        said = status if status is not None and status >= 400 else None
        return Failure.of(text, first_code(held.get("type"), held.get("code"), error), status=said)

    def arrays(self) -> dict[str, str]:
        """What the record calls the prompt and the answer, as paths below it."""
        names = {"messages": "messages", "choices": "answer"}
        found = {array: self.where(name).removeprefix(self.record.at)[1:] for array, name in names.items()}
        return {array: path for array, path in found.items() if path}

    def _moment(self, name: str) -> float | None:
        place = self._log.places.get(name, _NOWHERE)
        value = self.record.found(place)[0]
        number = _number(value)
        return moment(value) if place.unit is None or number is None else moment(number * place.unit)

    def _seconds(self, name: str) -> float | None:
        place = self._log.places.get(name, _NOWHERE)
        value = self.record.found(place)[0]
        number = _number(value)
        found = seconds(value) if number is None else seconds(number, 1.0 if place.unit is None else place.unit)
        return found if found is not None and found >= 0 else None


def _is_spoken(value: Any) -> bool:
    """Whether a value is messages or an answer in some provider's words."""
    if isinstance(value, list):
        return bool(value) and all(_is_spoken(each) for each in value)
    return isinstance(value, dict) and not _ANSWERS.isdisjoint(value)


def _number(value: Any) -> float | int | None:
    if isinstance(value, str) and len(value) <= 32:
        try:
            value = float(value) if not value.isdecimal() else int(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e21 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) and 0 <= number <= counts.MOST else None
