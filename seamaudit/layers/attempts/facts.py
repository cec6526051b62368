"""What the attempts layer tells: intents that did not succeed at once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from seamaudit.facts import Fact, fact
from seamaudit.trace import Money, Need


class Outcome(StrEnum):
    """How an intent ended."""

    SUCCEEDED = "succeeded"
    GIVEN_UP = "given_up"
    OPEN = "open"


@fact("tries", needs=(Need.PROMPT,))
class IntentTry(Fact, frozen=True, kw_only=True):
    """One call of an intent that did not succeed at once. A call that has no row here was made once, or its retries cannot be told."""

    number: Annotated[int, "Which try it is in the recording; 1 is the first."]
    tries: Annotated[int, "Tries of the intent that are in the recording."]
    failed: Annotated[bool, "Whether it failed."]


@fact("attempts", needs=(Need.PROMPT,))
class Intent(Fact, frozen=True, kw_only=True):
    """One intent that did not succeed at once: the same prompt, tried until it was answered or the thread went on without.

    Its exchange is the first try; `witness` holds the block that the refusal names and the request that first sent that block, where these
    are known, then the other tries.
    """

    provider: Annotated[str, "Who was asked."]
    model: Annotated[str, "The model asked for."]
    tries: Annotated[int, "Calls of this intent that are in the recording."]
    failed: Annotated[int, "Of these, calls that failed."]
    outcome: Annotated[
        Outcome, "How it ended: open where the recording ends after a failure and the client's limit, if it is known, was not reached."
    ]
    status: Annotated[int | None, "The HTTP status of the last failure; unknown where the call broke off."]
    error: Annotated[str, "The provider's or the transport's code for the last failure."]
    last_exchange: Annotated[int, "The id of the last try."]
    waited: Annotated[float | None, "Seconds the client said it would wait, over all tries; unknown where it said nothing."]
    asked: Annotated[float | None, "The longest wait the provider asked for, in seconds (retry-after); unknown where it asked for none."]
    span: Annotated[float | None, "Seconds from the first try's start to the last one's; unknown without a clock."]
    limit: Annotated[int | None, "Tries the client allows itself; unknown where it does not say."]
    refused_again: Annotated[
        int,
        "Tries that sent the very same body again after a refusal that no repetition mends, and were refused alike. Recorded bodies only.",
    ]
    hasty: Annotated[int, "Tries that came before the wait the provider had asked for was over."]
    spread: Annotated[bool | None, "Whether the waits between tries grew or were long; unknown where too few waits are known to tell."]
    shortest_wait: Annotated[float | None, "The shortest wait between two tries, in seconds; unknown where none is known."]
    calls: Annotated[int, "Calls in all: each recorded one as often as its gateway says that it forwarded it."]
    app_tries: Annotated[int | None, "Calls the application made of its SDK; unknown where the SDK's count is not in the headers."]
    sdk_tries: Annotated[int | None, "The most tries the SDK made of one of these; unknown where its count is not in the headers."]
    gateway_tries: Annotated[
        int | None,
        "The most calls a gateway made of one of those; unknown where neither the SDK nor the gateway counts in the headers.",
    ]
    multipliers: Annotated[int | None, "How many of these three are more than one; unknown where they are."]
    failed_tokens: Annotated[int, "Input and output tokens that failed tries were billed for, as far as they are recorded."]
    failed_usd: Annotated[
        Money | None,
        "What the failed tries cost, nothing where the provider refused them; unknown where one that broke off has no known bill.",
    ]
