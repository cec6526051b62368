"""Eval suites that test a prompt without the retrieval in front of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated

from msgspec import Struct

from seamaudit.facts import Fact, FactBase, fact
from seamaudit.layers.retrieval import RetrievedContext
from seamaudit.trace import Need


@fact("frozen_evals", needs=(Need.PROMPT,))
class FrozenEval(Fact, frozen=True, kw_only=True):
    """A request of an eval suite whose looked-up text is the same for every question, while production's varies."""

    suite: Annotated[str, "The suite, as declared."]
    requests: Annotated[int, "Requests of the suite that carry looked-up text."]
    questions: Annotated[int, "Different questions among them."]
    production_requests: Annotated[int, "Requests outside of any suite that carry looked-up text."]
    production_contexts: Annotated[int, "Different looked-up texts among these."]


class EvalKnobs(Struct, frozen=True):
    """When a context counts as frozen: at least `questions` different questions met one context; at least `contexts` different ones in
    production show that it varies there."""

    questions: int = 5
    contexts: int = 5


class FrozenEvals:
    """Compares what suites were given with what production was given."""

    def __init__(self, knobs: EvalKnobs = EvalKnobs()) -> None:
        self._knobs = knobs

    def join(self, facts: FactBase) -> Iterable[Fact]:
        """One FrozenEval for each request of a frozen suite."""
        by_suite: dict[str, list[RetrievedContext]] = defaultdict(list)
        for row in facts.rows(RetrievedContext):
            by_suite[row.suite].append(row)
        production = by_suite.pop("", [])
        varied = len({row.context for row in production})
        if varied < self._knobs.contexts:
            return
        for suite, rows in by_suite.items():
            questions = len({row.question for row in rows})
            if questions < self._knobs.questions or len({row.context for row in rows}) > 1:
                continue
            for row in rows:
                yield FrozenEval(
                    exchange=row.exchange,
                    thread=row.thread,
                    app=row.app,
                    locus=row.locus,
                    suite=suite,
                    requests=len(rows),
                    questions=questions,
                    production_requests=len(production),
                    production_contexts=varied,
                )
