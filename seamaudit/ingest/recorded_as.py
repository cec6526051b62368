"""What a pair that was converted says of the recording it came from, beside what a provider's own bodies say.

A pair's line may have a member `recorded_as`. It names what the bodies cannot: how much was recorded, who was asked, what the recording
did not hold, the token counts in one convention. Nothing in it is text of a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec.structs import asdict, replace

from seamaudit.ingest.counts import MAX_FIELDS, MOST
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.times import moment, seconds
from seamaudit.trace import Attribution, Clock, Level, Money, Need, Refusal, Response, Times, Try, Usage
from seamaudit.trace.money import MOST_USD, PICO_PER_USD

MEMBER: Final = "recorded_as"
"""The member of a pair's line."""
UNSAID: Final = "the recording that these pairs were made from does not hold it"
"""Why something is lacking: the reason itself is text, and text of a file is not repeated."""

_Word = Annotated[str, msgspec.Meta(max_length=256)]
_Code = Annotated[str, msgspec.Meta(pattern=r"\A[\w.:/-]{0,64}\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
_UNSET: Final = msgspec.UNSET


class RecordedAs(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The member's members, each what is said of the field of a draft, its request or its response that it is called after."""

    format: _Code | msgspec.UnsetType = _UNSET
    level: Level | msgspec.UnsetType = _UNSET
    provider: _Code | msgspec.UnsetType = _UNSET
    api: _Code | msgspec.UnsetType = _UNSET
    platform: _Code | msgspec.UnsetType = _UNSET
    host: _Word | msgspec.UnsetType = _UNSET
    clock: Clock | msgspec.UnsetType = _UNSET
    conversation: _Word | msgspec.UnsetType | None = _UNSET
    sequence: _Count | msgspec.UnsetType | None = _UNSET
    times: Times | msgspec.UnsetType = _UNSET
    attribution: Attribution | msgspec.UnsetType = _UNSET
    lacks: list[Need] | msgspec.UnsetType = _UNSET
    attempt: Try | msgspec.UnsetType | None = _UNSET
    intended: _Code | msgspec.UnsetType = _UNSET
    side: _Code | msgspec.UnsetType = _UNSET
    recorded_cost: Annotated[int, msgspec.Meta(ge=0, lt=MOST_USD * PICO_PER_USD)] | msgspec.UnsetType | None = _UNSET
    complete: bool | msgspec.UnsetType = _UNSET
    offered: msgspec.UnsetType | None = _UNSET
    max_output: _Count | msgspec.UnsetType | None = _UNSET
    streamed: bool | msgspec.UnsetType = _UNSET
    settings: _Code | msgspec.UnsetType = _UNSET
    status: Annotated[int, msgspec.Meta(ge=100, lt=600)] | msgspec.UnsetType | None = _UNSET
    id: _Word | msgspec.UnsetType = _UNSET
    answered_by: _Word | msgspec.UnsetType = _UNSET
    stop: _Word | msgspec.UnsetType = _UNSET
    usage: Usage | msgspec.UnsetType | None = _UNSET
    error_type: _Code | msgspec.UnsetType = _UNSET
    refusal: Refusal | msgspec.UnsetType | None = _UNSET
    whole: bool | msgspec.UnsetType = _UNSET


_OF_DRAFT = ("format", "level", "provider", "api", "platform", "host", "clock", "conversation", "sequence", "times", "attribution")
_OF_CALL = ("attempt", "intended", "side", "recorded_cost")
_OF_REQUEST = ("complete", "max_output", "streamed", "settings")
_OF_RESPONSE = {
    "status": "status",
    "id": "id",
    "answered_by": "model",
    "stop": "stop",
    "usage": "usage",
    "error_type": "error_type",
    "refusal": "refusal",
    "whole": "complete",
}


def stated(draft: Draft) -> dict[str, Any]:
    """What can be said of a draft beside its bodies, as JSON values."""
    told: dict[str, Any] = {name: getattr(draft, name) for name in (*_OF_DRAFT, *_OF_CALL)}
    told |= {name: getattr(draft.request, name) for name in _OF_REQUEST}
    told |= {"lacks": sorted(need.value for need in draft.lacks)}
    if draft.request.offered is None:
        told["offered"] = None
    if draft.response is not None:
        told |= {name: getattr(draft.response, field) for name, field in _OF_RESPONSE.items()}
    return {name: _plain(value) for name, value in told.items()}


def restated(draft: Draft, told: Any) -> Draft:
    """The draft as its line says that it was recorded. What it says that cannot be is not heard."""
    given = {name: value for name, value in _heard(told).items() if _is_sound(value)}
    changed: dict[str, Any] = {name: given[name] for name in (*_OF_DRAFT, *_OF_CALL) if name in given}
    if "times" in changed:
        changed["times"] = _times(changed["times"])
    if "recorded_cost" in changed and changed["recorded_cost"] is not None:
        changed["recorded_cost"] = Money(changed["recorded_cost"])
    if "attribution" in changed:
        changed["attribution"] = _attribution(changed["attribution"])
    if "lacks" in given:
        changed["lacks"] = {need: draft.lacks.get(need, UNSAID) for need in sorted(given["lacks"])}
    asked = {name: given[name] for name in (*_OF_REQUEST, "offered") if name in given}
    return replace(draft, request=replace(draft.request, **asked), response=_response(draft.response, given), **changed)


def _heard(told: Any) -> dict[str, Any]:
    try:
        said = msgspec.convert(told, RecordedAs)
    except (msgspec.ValidationError, RecursionError):
        alone = {name: told[name] for name in RecordedAs.__struct_fields__ if name in told} if isinstance(told, dict) else {}
        return {name: value for each in alone.items() if len(alone) > 1 for name, value in _heard(dict((each,))).items()}
    return {name: value for name in RecordedAs.__struct_fields__ if (value := getattr(said, name)) is not _UNSET}


def _response(response: Response | None, given: Mapping[str, Any]) -> Response | None:
    if response is None:
        return None
    return replace(response, **{field: given[name] for name, field in _OF_RESPONSE.items() if name in given})


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _times(told: Times) -> Times:
    return Times(moment(told.started), moment(told.first_byte), moment(told.ended), seconds(told.duration), moment(told.dated))


def _attribution(told: Attribution) -> Attribution:
    shortened: dict[str, Any] = {name: value[:256] for name, value in asdict(told).items() if isinstance(value, str)}
    return replace(told, **shortened)


_NAME = re.compile(r"[\w.:/#-]{0,256}\Z", re.ASCII)


def _is_sound(value: Any) -> bool:
    """Whether what is told of usage, a refusal or retries is counts and names."""
    if not isinstance(value, Usage | Refusal | Try):
        return True
    told = asdict(value)
    recorded, ids = told.pop("recorded", {}), told.pop("ids", ())
    counts = [*recorded.values(), *(each for each in told.values() if isinstance(each, int | float))]
    names = [*recorded, *ids, *(each for each in told.values() if isinstance(each, str))]
    return len(names) <= MAX_FIELDS and all(abs(each) <= MOST for each in counts) and all(map(_NAME.match, names))
