"""What an emitter's input count means: all input, or what the cache neither read nor wrote; settled by arithmetic.

OpenAI's APIs count cached tokens inside the input (https://developers.openai.com/api/docs/guides/prompt-caching), and so do most servers
that speak them; some gateways pass Anthropic's counts on, which leave them out. The total, where there is one, shows which it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from seamaudit.ingest.draft import Draft
from seamaudit.trace import Convention, ConventionBasis, Usage

INCLUSIVE: Final = frozenset({"openai.chat", "openai.responses"})
"""APIs whose documents say that cached tokens are inside the input, and whose servers are many."""


class _Emitter(NamedTuple):
    """Who counts: one model behind one host, as a gateway may pass each provider's own counts on; and who tells of it, for recorders
    bring counts into a convention of their own."""

    format: str
    api: str
    host: str
    model: str


def settled(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, their input counts in one convention.

    A call whose own numbers do not decide is read like the others of its emitter, where these prove one convention and none the other.
    """
    proofs: defaultdict[_Emitter, set[Convention]] = defaultdict(set)
    for draft, usage in _counted(drafts):
        found = proof(usage)
        if found is not None:
            proofs[_emitter(draft)].add(found[0])
    read = {id(draft): _read(usage, proofs[_emitter(draft)]) for draft, usage in _counted(drafts)}
    return [_with(draft, read[id(draft)]) if id(draft) in read else draft for draft in drafts]


def proof(usage: Usage) -> tuple[Convention, ConventionBasis] | None:
    """The convention that a usage proves of its emitter, and by what; None where its numbers fit both.

    More cached than input breaks the bound of an inclusive count; where a total says that the count is inclusive all the same, the usage
    is wrong and proves nothing else.
    """
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    if usage.convention is Convention.EXCLUSIVE:
        return Convention.EXCLUSIVE, usage.convention_basis
    if cached <= 0 or usage.input is None:
        return None
    if usage.output is not None and usage.total is not None:
        beside = usage.total - usage.input - usage.output
        apart = usage.reasoning or 0
        if beside in (0, apart):
            return Convention.INCLUSIVE, ConventionBasis.TOTAL
        return (Convention.EXCLUSIVE, ConventionBasis.TOTAL) if beside in (cached, cached + apart) else None
    if usage.total is None and cached > usage.input:
        return Convention.EXCLUSIVE, ConventionBasis.BOUND
    return None


def _counted(drafts: Iterable[Draft]) -> Iterable[tuple[Draft, Usage]]:
    """The calls of these APIs that tell of cached tokens."""
    for draft in drafts:
        usage = draft.response.usage if draft.response and draft.api in INCLUSIVE else None
        if usage is not None and (usage.cache_read or usage.cache_write):
            yield draft, usage


def _emitter(draft: Draft) -> _Emitter:
    return _Emitter(draft.format, draft.api, draft.host, draft.request.model)


def _read(usage: Usage, proofs: set[Convention]) -> Usage:
    own = proof(usage)
    if own is None and proofs == {Convention.EXCLUSIVE} and usage.total is None:
        own = Convention.EXCLUSIVE, ConventionBasis.EMITTER
    if own is None or own[0] is usage.convention or usage.input is None:
        return usage
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    return replace(usage, input=usage.input + cached, convention=own[0], convention_basis=own[1])


def _with(draft: Draft, usage: Usage) -> Draft:
    if draft.response is None or usage is draft.response.usage:
        return draft
    return replace(draft, response=replace(draft.response, usage=usage))
