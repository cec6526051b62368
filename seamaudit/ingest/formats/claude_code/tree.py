"""The tree of a Claude Code session: rows name their parents, and a prompt is what stands above a response.

Line order decides nothing: progress rows stand in between, results of parallel calls beside each other, and a rewind begins a
second branch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seamaudit.ingest.formats.claude_code.answers import Answered
from seamaudit.ingest.transcript import Message, Prompt
from seamaudit.trace import Locus, Response, Try

COMPACTION = "compaction"
"""Here the client began anew, with a summary: nothing above is sent any more."""
MICROCOMPACTION = "microcompaction"
"""Here the client emptied old tool results. The file keeps them; what was sent in their place it does not tell."""


@dataclass(slots=True)
class Failed:
    """A call that was refused or broke off, as an `api_error` row tells it."""

    locus: Locus
    response: Response
    attempt: Try
    conversation: str
    agent: str
    side: str
    key: str
    model: str = ""


@dataclass(slots=True)
class Node:
    """A row's place in the tree, and what it is: a message of the caller, a part of an answer, a failure, a boundary or none of these.

    `order` is the row's number in the file, `when` its time in seconds, `root` the row its chain begins at.
    """

    parent: str | None
    order: int
    when: float | None
    root: str
    message: Message | None = None
    answered: Answered | None = None
    failed: Failed | None = None
    boundary: str = ""

    @property
    def passed(self) -> float | None:
        """When the next call can have begun: after the wait that a failure announces."""
        if self.when is None or (self.message is None and self.failed is None):
            return None
        return self.when + (self.failed.attempt.wait or 0.0 if self.failed else 0.0)


@dataclass(frozen=True, slots=True)
class Path:
    """The way up from a call to the answer before it: that answer (None where there is none) and what was added since, oldest first.

    `complete` is False where the way leads out of the file.
    """

    before: Answered | None
    nodes: Sequence[Node]
    complete: bool

    @property
    def asked(self) -> float | None:
        """The time of the last thing that was added, or of the answer before."""
        known = [node.passed for node in self.nodes if node.passed is not None]
        return max(known) if known else self.before.ended if self.before else None

    @property
    def intended(self) -> str:
        """Why the prompt was rewritten on purpose since the answer before, "" where it was not."""
        kinds = {node.boundary for node in self.nodes}
        return next((kind for kind in (COMPACTION, MICROCOMPACTION) if kind in kinds), "")

    @property
    def failures(self) -> Iterable[Failed]:
        """The calls that failed since the answer before."""
        return [node.failed for node in self.nodes if node.failed is not None]


@dataclass(slots=True)
class Tree:
    """All rows by id, and the prompts above them; each prompt is built on that of the answer before it."""

    nodes: dict[str, Node] = field(default_factory=dict)
    _results: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    _prompts: dict[int, Prompt] = field(default_factory=dict)

    def add(self, id: str, node: Node) -> None:
        """Take a row; an id that is known already is a copy."""
        self.nodes.setdefault(id, node)
        if node.message is not None:
            for call in node.message.results:
                self._results[call].append(node)

    def root(self, id: str, parent: str | None) -> str:
        """The row at which the chain of a new row begins."""
        above = self.nodes.get(parent) if parent else None
        return above.root if above else id

    def path(self, parent: str | None, order: int) -> Path:
        """What leads to a call in row `order` below `parent`: with the results of parallel calls, which stand beside the chain."""
        nodes: list[Node] = []
        before: Answered | None = None
        complete = True
        at = parent
        while at:
            node = self.nodes.get(at)
            if node is None or len(nodes) > len(self.nodes):
                complete = False
                break
            if node.answered is not None:
                before = node.answered
                break
            nodes.append(node)
            at = None if node.boundary == COMPACTION else node.parent
        nodes.reverse()
        beside = self._beside(before, nodes, order) if before else []
        return Path(before, (*beside, *nodes), complete)

    def prompt(self, path: Path, order: int) -> Prompt:
        """The prompt of the call in row `order` that `path` leads to."""
        above: list[tuple[Answered, Path]] = []
        seen: set[int] = set()
        before = path.before
        while before is not None and id(before) not in self._prompts and id(before) not in seen:
            seen.add(id(before))
            above.append((before, self.path(before.parent, before.order)))
            before = above[-1][1].before
        for answered, way in reversed(above):
            self._prompts[id(answered)] = self._grown(way, answered.order)
        return self._grown(path, order)

    def _grown(self, path: Path, order: int) -> Prompt:
        if path.before is None:
            prompt = Prompt(complete=path.complete)
        else:
            known = self._prompts.get(id(path.before))
            prompt = known.copy() if known else Prompt(complete=False)
            prompt.extend(message for row, message in path.before.messages if row < order)
        prompt.extend(node.message for node in path.nodes if node.message is not None)
        return prompt

    def _beside(self, before: Answered, chain: Sequence[Node], order: int) -> list[Node]:
        """Results of the answer's calls that the chain does not hold, in the order of the file."""
        held = {call for node in chain if node.message is not None for call in node.message.results}
        missing = [id for id in before.call_ids if id not in held]
        found = [next((node for node in self._results.get(id, ()) if node.order < order), None) for id in missing]
        return sorted({node.order: node for node in found if node is not None}.values(), key=lambda node: node.order)
