"""Answers that do not have the form their request declares: whatever parses them downstream fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from seamaudit.facts import Fact
from seamaudit.layers.answers.facts import FormBreak, FormFault, about
from seamaudit.layers.base import Unchecked
from seamaudit.providers.contracts import StopKind
from seamaudit.providers.endings import Blame, cut_by, stop_kind
from seamaudit.trace import Exchange, Response

EXCUSED: Final = frozenset({StopKind.REFUSAL, StopKind.PAUSED, StopKind.FAILED})
"""Stops whose answer is documented not to have the form: a refusal, a turn to be continued, an error."""

WHOLE: Final = "/"
"""The place of a fault that is the whole text's."""

_FAULTS: Final[Mapping[str, FormFault]] = {"json": FormFault.NOT_JSON, "fence": FormFault.FENCED}


def form_breaks(exchange: Exchange, response: Response) -> Iterator[Fact]:
    """What keeps the answer from being parsed as its request declares, or why that is not known."""
    found = response.conforms
    if found is None or found.state == "valid" or stop_kind(exchange, response) in EXCUSED:
        return
    if found.state == "unchecked":
        yield Unchecked(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            table="form_breaks",
            aspect="",
            reason=found.reason,
        )
        return
    cut = cut_by(exchange, response)
    fault = _FAULTS.get(found.keyword, FormFault.VIOLATES_SCHEMA)
    yield FormBreak(
        **about(exchange, response),
        api=exchange.api,
        form="schema" if exchange.request.output is not None and exchange.request.output.schema else "json",
        fault=FormFault.CUT if cut is not None and fault is FormFault.NOT_JSON else fault,
        blame=cut or Blame.MODEL,
        keyword="" if found.keyword in _FAULTS else found.keyword,
        where=found.where or WHOLE,
        promised=found.promised,
        stop=response.stop,
    )
