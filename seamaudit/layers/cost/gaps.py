"""Successful calls whose usage is not in the recording."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seamaudit.layers.cost.facts import Gap, UsageGap
from seamaudit.trace import Exchange, Level, Response, StreamRecord


def gaps(exchange: Exchange) -> Iterator[UsageGap]:
    """A UsageGap where the call succeeded and holds no usage. One that was refused, or ended in an error event, has none to give."""
    response = exchange.response
    if response is None or exchange.refused or _failed(response):
        return
    yield UsageGap(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus.at(response.at),
        provider=exchange.provider,
        platform=exchange.platform,
        model=exchange.request.model,
        reason=_why_missing(exchange, response),
    )


def _failed(response: Response) -> bool:
    return bool(response.error_type or (response.stream and response.stream.error_type))


def _why_missing(exchange: Exchange, response: Response) -> Gap:
    stream = response.stream
    if exchange.level is not Level.WIRE or (stream is not None and stream.grammar == "legacy"):
        return Gap.NOT_RECORDED
    if stream is not None and not stream.decodable:
        return Gap.STREAM_UNREADABLE
    if stream is not None:
        if stream.partial_tail or not _ended(stream):
            return Gap.STREAM_CUT
        return Gap.STREAM_WITHOUT_USAGE if stream.grammar == "chat" else Gap.ABSENT
    return Gap.ABSENT if response.complete else Gap.BODY_CUT


_LAST_EVENTS: Final = frozenset({"finish", "done", "message_stop", "messageStop", "completed", "incomplete", "failed"})


def _ended(stream: StreamRecord) -> bool:
    return any(event.name in _LAST_EVENTS for event in stream.events)
