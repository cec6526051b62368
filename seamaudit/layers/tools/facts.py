"""What the tools layer tells: calls made, calls and results that do not fit, calls that cannot be run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypedDict

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Unchecked
from seamaudit.providers.endings import Blame
from seamaudit.trace import ArgumentState, Exchange, Need

Confidence = Literal["high", "medium", "low"]


class PairFault(StrEnum):
    """How a call and its result fail to fit."""

    ORPHANED_CALL = "orphaned_call"
    ORPHANED_RESULT = "orphaned_result"
    DUPLICATE_RESULT = "duplicate_result"
    RESULT_NOT_ADJACENT = "result_not_adjacent"
    DUPLICATE_CALL_ID = "duplicate_call_id"
    ID_REUSED_LATER = "id_reused_later"
    TEXT_BEFORE_RESULT = "text_before_result"


class ResponseFault(StrEnum):
    """What is wrong with a call as the response made it."""

    UNKNOWN_TOOL = "unknown_tool"
    ARGUMENTS_NOT_JSON = "arguments_not_json"
    ARGUMENTS_CUT = "arguments_cut"
    ARGUMENTS_VIOLATE_SCHEMA = "arguments_violate_schema"


@fact("tool_calls", needs=(Need.RESPONSE,))
class ToolCalled(Fact, frozen=True, kw_only=True):
    """One call that a response made, and whether a later prompt of its thread answered it."""

    tool: Annotated[str, "The tool's name."]
    call_id: Annotated[str, "The call's id; empty where the API gives none."]
    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    arguments: Annotated[ArgumentState, "Whether the arguments could be read."]
    side: Annotated[Literal["client", "server"], "Who runs the tool: the application or the provider."]
    answered: Annotated[bool | None, "A later prompt holds the result; unknown for calls still pending at the end and for server tools."]


@fact("pairing_faults", needs=(Need.PROMPT,))
class PairingFault(Fact, frozen=True, kw_only=True):
    """A call and a result in a prompt that do not fit, at the first exchange of the thread that sent them so."""

    fault: Annotated[PairFault, "How they fail to fit."]
    tool: Annotated[str, "The tool's name; empty where only a result with an unknown id is left."]
    call_id: Annotated[str, "The call's id; empty where the API gives none."]
    provider: Annotated[str, "Who was asked."]
    api: Annotated[str, "The body shape."]
    enforced: Annotated[bool, "The provider is known to refuse such a prompt."]
    refused: Annotated[bool, "The provider answered with a 4xx status."]
    confidence: Annotated[Confidence, "Low where a provider known to refuse such prompts took this one; medium where none is known to."]


@fact("split_results", needs=(Need.PROMPT,))
class SplitResults(Fact, frozen=True, kw_only=True):
    """A turn whose results stand in several messages although their calls were made in parallel; the provider accepts it."""

    provider: Annotated[str, "Who was asked."]
    api: Annotated[str, "The body shape."]
    results: Annotated[int, "Results of these calls."]
    messages: Annotated[int, "Messages they stand in."]


@fact("call_faults", needs=(Need.RESPONSE,))
class CallFault(Fact, frozen=True, kw_only=True):
    """A call that cannot be run as the response made it, or that is not what the tool says it takes."""

    fault: Annotated[ResponseFault, "What is wrong with it."]
    tool: Annotated[str, "The name that was called."]
    call_id: Annotated[str, "The call's id; empty where the API gives none."]
    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    blame: Annotated[Blame, "Where it comes from: transport, output limit or model."]
    confidence: Annotated[Confidence, "Low where the name is an offered one in another spelling, as a gateway may rename tools."]
    keyword: Annotated[str, "The word of the tool's schema that the arguments break; empty for other faults."] = ""
    where: Annotated[str, "The place of that word in the schema; a missing member ends it."] = ""
    promised: Annotated[bool, "The provider undertook to keep to the schema."] = False


class About(TypedDict):
    """The columns every fact of one exchange starts with."""

    exchange: int
    thread: str
    app: str


def about(exchange: Exchange) -> About:
    """What a fact says of its exchange."""
    return About(exchange=exchange.id, thread=exchange.thread.id, app=exchange.attribution.app)


def unchecked(exchange: Exchange, table: str, aspect: str, reason: str) -> Unchecked:
    """Something of this exchange that could not be decided."""
    return Unchecked(**about(exchange), locus=exchange.locus, table=table, aspect=aspect, reason=reason)
