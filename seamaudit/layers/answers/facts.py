"""What the answers layer tells: output counts that are not final, and answers with nothing in them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypedDict

from seamaudit.facts import Fact, fact
from seamaudit.providers.endings import Blame
from seamaudit.trace import Exchange, Locus, Need, Response


class OutputCount(StrEnum):
    """Why an output count is not the bill's: it is the stream's opening placeholder, or the answer holds more text than it allows."""

    PLACEHOLDER = "placeholder"
    LOWER_BOUND = "lower_bound"


@fact("provisional_counts", needs=(Need.USAGE,))
class ProvisionalCount(Fact, frozen=True, kw_only=True):
    """An answer whose recorded output tokens are fewer than were billed."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    format: Annotated[str, "The format of the recording."]
    count: Annotated[OutputCount, "Why the count is not final."]
    output: Annotated[int, "The output tokens recorded."]
    ended: Annotated[bool, "The answer came to its end; one that was cut or aborted has no final count to record."]
    confidence: Annotated[Literal["high", "medium"], "High for the opening's own count, medium where the answer's length says so."]


@fact("empty_answers", needs=(Need.RESPONSE, Need.PROMPT))
class EmptyAnswer(Fact, frozen=True, kw_only=True):
    """A finished answer to tool results that holds no block at all."""

    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    stop: Annotated[str, "The provider's stop reason."]
    output: Annotated[int | None, "The output tokens recorded; unknown without usage."]
    text_after: Annotated[bool, "Something stands behind the results in the turn that was answered."]


@fact("carried_cuts", needs=(Need.RESPONSE, Need.PROMPT))
class CutCarried(Fact, frozen=True, kw_only=True):
    """An answer of text that was cut, and that the next request of its thread sends back unchanged with a new turn behind it.

    `witness` is that request. A turn that asks for the rest, or may, is no such turn.
    """

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    stop: Annotated[str, "The provider's stop reason, empty where the stream broke off."]
    cut_by: Annotated[Literal["length", "stream"], "What cut it: the output limit or the window, or a stream that ended early."]
    limit: Annotated[int | None, "The output tokens the request allowed; unknown where it did not say."]


class FormFault(StrEnum):
    """How an answer fails the form its request declares."""

    NOT_JSON = "not_json"
    FENCED = "fenced"
    CUT = "cut"
    VIOLATES_SCHEMA = "violates_schema"


@fact("form_breaks", needs=(Need.RESPONSE, Need.PROMPT))
class FormBreak(Fact, frozen=True, kw_only=True):
    """An answer's text that is not the JSON, or not what the schema says, that its own request asks for."""

    provider: Annotated[str, "Who answered."]
    api: Annotated[str, "The body shape."]
    model: Annotated[str, "The model that answered, else the one asked for."]
    form: Annotated[Literal["json", "schema"], "What was asked for: any JSON, or a schema's."]
    fault: Annotated[FormFault, "How the text fails: no JSON, JSON inside a Markdown fence, cut off, or against the schema."]
    blame: Annotated[Blame, "Where it comes from: transport, output limit or model."]
    keyword: Annotated[str, "The schema's word that is broken; empty where the text is no JSON."]
    where: Annotated[str, "The place of that word in the schema, which a missing member ends; / for the whole text."]
    promised: Annotated[bool, "The provider undertook to keep to the schema."]
    stop: Annotated[str, "The provider's stop reason, empty where the stream broke off."]


class About(TypedDict):
    """The columns that say which answer a fact is about."""

    exchange: int
    thread: str
    app: str
    locus: Locus
    provider: str
    model: str


def about(exchange: Exchange, response: Response) -> About:
    """The answer, as columns."""
    return About(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus.at(response.at),
        provider=exchange.provider,
        model=response.model or exchange.request.model,
    )
