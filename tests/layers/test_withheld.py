"""The withheld layer: what a recorder kept back is told, call by call."""

from __future__ import annotations

from msgspec.structs import replace

from seamaudit.layers.withheld import WithheldBodies, WithheldBody
from seamaudit.trace import Exchange, Withheld
from tests.builders import Story, answer


def told(exchange: Exchange) -> list[tuple[str, str, str, str]]:
    layer = WithheldBodies()
    rows = [*layer.feed(exchange), *layer.close()]
    assert all(isinstance(row, WithheldBody) for row in rows)
    return [(row.side, str(row.how), row.confidence, row.locus.pointer) for row in rows if isinstance(row, WithheldBody)]


def test_a_whole_call_says_nothing() -> None:
    assert told(Story().exchange(response=answer())) == []
    assert told(Story().exchange()) == []


def test_each_half_is_told_by_itself_where_it_stands() -> None:
    call = Story().exchange(response=answer(withheld=Withheld.CUT), request={"withheld": Withheld.REDACTED})
    assert told(call) == [("prompt", "redacted", "high", "/request/body"), ("answer", "cut", "high", "/response/body")]


def test_what_the_application_may_have_masked_is_less_sure() -> None:
    call = Story().exchange(response=answer())
    masked = replace(call, request=replace(call.request, withheld=Withheld.MASKED))
    assert told(masked) == [("prompt", "masked", "medium", "/request/body")]
