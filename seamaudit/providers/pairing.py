"""How calls and results must stand to each other, per API, and who refuses a prompt in which they do not.

Only the author of a body shape, and who sells for the author, is known to answer 400 where a result is out of place. Compatible
servers and gateways speak the same shapes and accept more: of them only existence is asked.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.providers.stop_facts import NATIVE


class Place(StrEnum):
    """Where the results of a turn's calls must stand.

    `next_turn`: in the turn right after, consecutive messages of one role being one turn. `next_messages`: in the messages
    right after the assistant message itself. `anywhere`: somewhere in the prompt.
    """

    NEXT_TURN = "next_turn"
    NEXT_MESSAGES = "next_messages"
    ANYWHERE = "anywhere"


class Pairing(Struct, frozen=True):
    """One pairing contract.

    `by_id`: an id decides which call a result answers; else the counts must agree, and ids, names and order only tell who is
    whose. `results_first`: nothing may stand before the results in their turn. `enforced`: the provider answers 400 to a
    prompt that breaks the contract. `source` is where that is written, `as_of` when it was read there.
    """

    place: Place
    by_id: bool
    results_first: bool
    enforced: bool
    source: str
    as_of: date

    def existence(self) -> Pairing:
        """What is left of the contract where nobody is known to refuse, or the wire's order is not kept."""
        return replace(self, place=Place.ANYWHERE, results_first=False, enforced=False)

    def by_rows(self) -> Pairing:
        """The contract for a transcript whose order the provider confirms: rows are messages, so what parts call and result is one."""
        return self if self.place is Place.ANYWHERE else replace(self, place=Place.NEXT_MESSAGES, results_first=False)


_READ: Final = date(2026, 11, 20)
_HANDLE: Final = "https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls"
_CHAT: Final = "the 400s quoted in sdcb/chats#132 and miurla/morphic#136"
_RESPONSES: Final = "the 400s quoted in continuedev/continue#10092"
_GEMINI: Final = (
    "the 400s quoted in google-gemini/gemini-cli#4217 (count) and #26486 (order); `id` is optional in google-genai 3.4.0 types.py"
)
_CONVERSE: Final = "the ValidationException `Messages following tool_use blocks must begin with a matching number of tool_result blocks`"

_CONTRACTS: Final = {
    "anthropic.messages": Pairing(Place.NEXT_TURN, by_id=True, results_first=True, enforced=True, source=_HANDLE, as_of=_READ),
    "openai.chat": Pairing(Place.NEXT_MESSAGES, by_id=True, results_first=False, enforced=True, source=_CHAT, as_of=_READ),
    "openai.responses": Pairing(Place.ANYWHERE, by_id=True, results_first=False, enforced=True, source=_RESPONSES, as_of=_READ),
    "gemini.generate": Pairing(Place.NEXT_TURN, by_id=False, results_first=False, enforced=True, source=_GEMINI, as_of=_READ),
    "bedrock.converse": Pairing(Place.NEXT_TURN, by_id=True, results_first=True, enforced=True, source=_CONVERSE, as_of=_READ),
}
_UNKNOWN: Final = Pairing(Place.ANYWHERE, by_id=True, results_first=False, enforced=False, source="no document", as_of=_READ)


def authors_contract(api: str) -> Pairing:
    """The contract of a body shape's author, whoever answers."""
    return _CONTRACTS.get(api, _UNKNOWN)


def pairing_contract(provider: str, api: str) -> Pairing:
    """The contract of a body shape where its author, or one who sells for the author, answers; existence alone everywhere else."""
    contract = authors_contract(api)
    return contract if provider in NATIVE.get(api, ()) else contract.existence()
