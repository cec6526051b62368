"""What the ledger says."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Money, Need


class Billing(StrEnum):
    """The classes a provider bills in: input read from its cache, written to it for an hour, for five minutes, for a life that is not
    recorded, plain input, output, and fees apart from tokens; `unknown` where the counts of a call contradict each other."""

    READ = "read"
    WRITE_1H = "write_1h"
    WRITE_5M = "write_5m"
    WRITE = "write"
    PLAIN = "plain"
    OUTPUT = "output"
    FEE = "fee"
    UNKNOWN = "unknown"


class Producer(StrEnum):
    """Who put tokens into a call: the parts of a prompt by origin, the parts of an answer, what the provider's own tools read while it
    was made, and what else the recording does not hold."""

    SYSTEM = "system"
    TOOL_SCHEMAS = "tool_schemas"
    USER = "user"
    HISTORY = "history"
    RETRIEVED = "retrieved"
    TOOL_RESULT = "tool_result"
    ATTACHMENT = "attachment"
    REASONING = "reasoning"
    ANSWER = "answer"
    CALLS = "calls"
    SERVER_TOOLS = "server_tools"
    FEES = "fees"
    UNRECORDED = "unrecorded"


@fact("ledger", needs=(Need.USAGE,))
class LedgerRow(Fact, frozen=True, kw_only=True):
    """What one thing that entered a thread was billed there, in one class, over all the calls that sent it.

    `exchange` and `locus` are the call that sent it first, and where it stands there. The tokens of a thread's rows sum to the usage of
    its calls, their dollars to its bill.
    """

    conversation: Annotated[str, "The conversation of the thread."]
    provider: Annotated[str, "Who answered the call that sent it first."]
    model: Annotated[str, "The model of that call."]
    producer: Annotated[Producer, "Who put it there."]
    name: Annotated[str, "The tool whose result or schema it is, or that the provider ran; empty for everything else."]
    billing: Annotated[Billing, "The class it was billed in."]
    size: Annotated[int, "Tokens of it in one call, by the fitted rate; of output those written."]
    sent: Annotated[int, "Calls that were billed for it in this class."]
    tokens: Annotated[int, "Tokens billed, over all those calls."]
    usd: Annotated[Money, "What they cost, as far as prices are known."]
    unpriced: Annotated[int, "Of these tokens, those without a known price."]
    first: Annotated[int, "Of these tokens, those of the call that sent it first."]
    recent: Annotated[int, "Those of the next five calls."]
    old: Annotated[int, "Those of the fifteen calls after these."]
    stale: Annotated[int, "Those of all later calls."]
