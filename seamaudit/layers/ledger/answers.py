"""What an answer's tokens were spent on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from seamaudit.layers.ledger.facts import Producer
from seamaudit.layers.ledger.producers import written
from seamaudit.trace import Exchange


def outputs(call: Exchange) -> Mapping[Producer, int]:
    """The output tokens of a call by what they are: reasoning as counted, the rest by the bytes of its blocks.

    Empty where the output is not known; plain answer where no block was recorded.
    """
    usage = call.usage
    if usage is None or not usage.output or usage.output < 0 or usage.placeholder_output:
        return {}
    sizes: Counter[Producer] = Counter()
    for block in call.response.answers if call.response else ():
        sizes[written(block.kind)] += block.length
    counted = Counter[Producer]()
    if usage.reasoning:
        counted[Producer.REASONING] = min(usage.reasoning, usage.output)
        del sizes[Producer.REASONING]
    counted.update(_shared(usage.output - counted.total(), sizes))
    return counted


def _shared(tokens: int, sizes: Mapping[Producer, int]) -> dict[Producer, int]:
    """Tokens in the proportion of bytes, whole numbers that sum to them."""
    total, passed, given, parts = sum(sizes.values()), 0, 0, {}
    if not total:
        return {Producer.ANSWER: tokens}
    for kind, size in sizes.items():
        passed += size
        parts[kind] = tokens * passed // total - given
        given += parts[kind]
    return parts
