"""Whether a call's arguments and an answer's text are what the request's own schemas say.

It is settled while a record is read, for there the texts are at hand; what goes on is the verdict.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.conform.sandbox import MAX_INSTANCE, Sandbox
from seamaudit.ingest.conform.schema import Prepared, Refused, prepared
from seamaudit.ingest.conform.store import SchemaStore
from seamaudit.ingest.draft import Draft
from seamaudit.trace import ArgumentState, Conformance, Kind, OutputForm, Prefix, Request, Response, ToolCall, Zone
from seamaudit.trace.prefix import Runs

__all__ = ["Conformer", "SchemaStore"]

CALLS: Final = frozenset({Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL})
READY: Final = 512
"""Schemas kept ready to validate by."""
PLAIN: Final = 1 << 24
"""Bytes of a value times bytes of its schema, up to which it is looked at here: what takes longer has a process that can be ended."""

_VALID: Final = {promised: Conformance("valid", promised=promised) for promised in (True, False)}
_FAILED: Final = Conformance("unchecked", reason="the validator failed on it")
_FENCED: Final = re.compile(rb"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL | re.IGNORECASE)


class Conformer:
    """Judges the responses of one reading by the schemas that `schemas` holds. `close` it when the reading is over.

    Whatever a schema or a value does to it costs one verdict; `strict` lets it escape (for tests).
    """

    def __init__(self, schemas: SchemaStore, *, strict: bool = False) -> None:
        self._schemas = schemas
        self._strict = strict
        self._sandbox = Sandbox()
        self._prepared: OrderedDict[bytes, Prepared | Refused] = OrderedDict()
        self._last: tuple[Runs, dict[str, bytes]] = ((), {})

    def close(self) -> None:
        """Let the process that validates go."""
        self._sandbox.close()

    def judged(self, draft: Draft) -> Draft:
        """The draft with its verdicts, and without the texts they were found by."""
        response = draft.response
        if response is None or not response.answers:
            return draft
        try:
            calls, conforms = self._verdicts(draft.request, response)
        except Exception:
            if self._strict:
                raise
            calls = tuple(call if call.server else replace(call, conforms=_FAILED) for call in response.calls)
            conforms = _FAILED if calls == response.calls else None
        answers = tuple(replace(each, said=b"", spelled=b"") for each in response.answers)
        return replace(draft, response=replace(response, answers=answers, calls=calls, conforms=conforms))

    def _verdicts(self, request: Request, response: Response) -> tuple[tuple[ToolCall, ...], Conformance | None]:
        """The calls with a verdict each, where there are calls for the application; else that on the text."""
        if any(not call.server for call in response.calls):
            return tuple(self._calls(request.prefix, response)), None
        return response.calls, None if request.output is None else self._text(request.output, response)

    def _calls(self, prefix: Prefix, response: Response) -> Iterator[ToolCall]:
        said = [each.said for each in response.answers if each.kind in CALLS]
        declared = self._declared(prefix)
        for at, call in enumerate(response.calls):
            key = declared.get(call.name)
            is_whole = call.state in (ArgumentState.PARSED, ArgumentState.EMPTY) and len(said) == len(response.calls)
            conforms = self._judge(key, said[at] or b"{}") if key is not None and is_whole and not call.server else None
            yield call if conforms is None else replace(call, conforms=conforms)

    def _declared(self, prefix: Prefix) -> dict[str, bytes]:
        """The tools that a request declares a schema for, and what each schema goes by."""
        if self._last[0] != prefix.head:  # the same stretch of one tape is the same tools
            tools = prefix.segments(0, prefix.zone_end(Zone.TOOLS))
            self._last = prefix.head, {tool.name: tool.ordered for tool in tools if tool.name and tool.ordered in self._schemas}
        return self._last[1]

    def _text(self, form: OutputForm, response: Response) -> Conformance | None:
        """The answer's text in whole, or the last of its texts where others lead up to it."""
        texts = [each.said for each in response.answers if each.kind is Kind.TEXT]
        if not texts or not all(texts):
            return None  # a refusal is a text that says nothing
        last = self._formed(form, texts[-1])
        return last if last.state != "invalid" or len(texts) == 1 else self._formed(form, b"".join(texts))

    def _formed(self, form: OutputForm, text: bytes) -> Conformance:
        if _is_json(text):
            return self._judge(form.schema, text) if form.schema else Conformance("valid")
        fenced = _FENCED.fullmatch(text)
        return Conformance("invalid", "fence" if fenced and _is_json(fenced[1]) else "json")

    def _judge(self, key: bytes, text: bytes) -> Conformance:
        schema = self._ready(key)
        if isinstance(schema, Refused):
            return Conformance("unchecked", reason=schema.reason)
        if len(text) > MAX_INSTANCE:
            return Conformance("unchecked", reason="the value is too large to validate")
        parsed = jsontext.parse(text)
        spelled = jsontext.ordered(parsed.value)
        if schema.accepts and not parsed.broken and len(spelled) * len(schema.text) <= PLAIN and schema.accepts(parsed.value):
            return _VALID[schema.promised]
        return self._sandbox.judge(schema, spelled)

    def _ready(self, key: bytes) -> Prepared | Refused:
        ready = self._prepared.get(key)
        if ready is None:
            declared = self._schemas.get(key)
            ready = Refused("the schema is no longer at hand") if declared is None else prepared(declared)
            self._prepared[key] = ready
            while len(self._prepared) > READY:
                self._prepared.popitem(last=False)
        return ready


def _is_json(text: bytes) -> bool:
    try:
        jsontext.parse(text)
    except jsontext.Unparsable:
        return False
    return True
