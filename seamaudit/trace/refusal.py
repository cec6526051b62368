"""What a provider's refusal says, taken from its text: a code, places, ids and counts. The text itself is not kept."""

from __future__ import annotations

from msgspec import Struct


class Refusal(Struct, frozen=True, gc=False):
    """Why a request was refused.

    `kind` is a word of `providers.refusals`, "" where nobody has written down these words; `pointer` the place inside the request body
    that the provider names, "" where it names none; `ids` the calls and items it names; `tokens` and `limit` the counts it gives.
    """

    kind: str = ""
    pointer: str = ""
    ids: tuple[str, ...] = ()
    tokens: int | None = None
    limit: int | None = None
