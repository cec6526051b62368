"""The tree of a Claude Code session: rows name their parents, and a prompt is what stands above a response.

Line order decides nothing: progress rows stand in between, results of parallel calls beside each other, and a rewind begins a
second branch.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from seamaudit.ingest.formats.claude_code.answers import Answered
from seamaudit.ingest.transcript import Message, Prompt
from seamaudit.trace import Locus, Response, Try

COMPACTION = "compaction"
"""Here the client began anew, with a summary: nothing above is sent any more."""
MICROCOMPACTION = "microcompaction"
"""Here the client emptied old tool results. The file keeps them; what was sent in their place it does not tell."""

REMEMBERED = 64
"""Prompts kept to build on: as many branches and sub-agents can take turns without one being put together anew."""


class Failed(Struct):
    """A call that was refused or broke off, as an `api_error` row tells it."""

    locus: Locus
    response: Response
    attempt: Try
    conversation: str
    agent: str
    side: str
    parent: str | None
    order: int
    ended: float | None
    key: str
    model: str = ""


class Node(Struct):
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


class Path(Struct, frozen=True):
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


class Tree(Struct):
    """All rows by id, and the prompts above them; each prompt is built on that of the answer before it."""

    nodes: dict[str, Node] = field(default_factory=dict)
    _results: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    _prompts: OrderedDict[int, Prompt] = field(default_factory=OrderedDict)

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

    def path(self, parent: str | None) -> Path:
        """What leads to a call below `parent`: with the results of parallel calls, which stand beside the chain."""
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
        beside = self._beside(before, nodes) if before else []
        return Path(before, (*beside, *nodes), complete)

    def prompt(self, path: Path, of: Answered | None = None) -> Prompt:
        """The prompt of the call that `path` leads to; it is remembered as that `of` an answer, for those that build on it."""
        ways = [path]
        passed: set[int] = set()
        while (before := ways[-1].before) is not None and id(before) not in self._prompts and id(before) not in passed:
            passed.add(id(before))
            ways.append(self.path(before.parent))
        known = self._prompts.get(id(before))
        prompt = known.copy() if known is not None else Prompt(complete=before is None and ways[-1].complete)
        for way in reversed(ways):
            prompt.extend(way.before.messages if way.before is not None else ())
            prompt.extend(node.message for node in way.nodes if node.message is not None)
        if of is not None:
            self._remember(of, prompt)
        return prompt

    def _remember(self, answered: Answered, prompt: Prompt) -> None:
        self._prompts[id(answered)] = prompt
        while len(self._prompts) > REMEMBERED:
            self._prompts.popitem(last=False)

    def _beside(self, before: Answered, chain: Sequence[Node]) -> list[Node]:
        """Results of the answer's calls that the chain does not hold, in the order of the file."""
        held = {call for node in chain if node.message is not None for call in node.message.results}
        missing = [id for id in before.call_ids if id not in held]
        found = {node.order: node for id in missing for node in self._results.get(id, ())[:1]}
        return [found[order] for order in sorted(found)]
