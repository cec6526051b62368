"""Claude Code session files: `~/.claude/projects/**/*.jsonl`, one row a message block, the file as the unit.

Level B: messages and usage are recorded, the system prompt and the tools are not. A response is the rows that share `message.id` and
`requestId`; its prompt is what stands above it in the tree of rows. Times are the client's: a call `started` when the row before it was
written (the user's message, the last tool result, or a failure and the wait it announced), and `ended` with its own last row.
`<synthetic>` rows are the client's words and no calls. What the file does not tell: the call that wrote a compaction's summary, titles
and other side calls, and before 2.1 everything of sub-agents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from seamaudit.ingest.blocks import word
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import BodyShape, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.formats.claude_code import failures
from seamaudit.ingest.formats.claude_code.answers import Answered
from seamaudit.ingest.formats.claude_code.rows import SYNTHETIC, Row, Said, nested, row
from seamaudit.ingest.formats.claude_code.tree import COMPACTION, MICROCOMPACTION, Failed, Node, Path, Tree
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.times import moment
from seamaudit.ingest.transcript import LEVEL, Prompt, Transcriber, lacks
from seamaudit.providers.hosts import UNKNOWN, provider_of
from seamaudit.trace import Attribution, Clock, Locus, Need, Request, Response, Times, Try

APP = "claude-code"
_TREE = (b'"parentUuid"', b'"sessionId"', b'"isSidechain"')
_OPENINGS = ((b'"type":"summary"', b'"leafUuid"'), (b'"type":"file-history-snapshot"', b'"messageId"'))
_BOUNDARIES = {"compact_boundary": COMPACTION, "microcompact_boundary": MICROCOMPACTION}
_PLATFORMS = {"msg_bdrk_": ("aws", "bedrock"), "msg_vrtx_": ("google", "vertex")}


class ClaudeCode:
    """The format: detection by the members that every row of the tree carries."""

    name = "claude-code"
    container: Literal["lines"] = "lines"

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def detect(self, head: bytes) -> int:
        """Sure where a row names its parent and its session; fairly so where only summaries or snapshots are in sight."""
        if not head.lstrip().startswith(b"{"):
            return 0
        if all(name in head for name in _TREE):
            return 90
        compact = head[:4096].replace(b'": "', b'":"')
        return 80 if any(all(name in compact for name in names) for names in _OPENINGS) else 0

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        shape = self._shape_of("/v1/messages", frozenset({"messages"}), None)
        if shape is None:
            raise Rejected("unknown_body")
        return _Session(shape, intern)


class _Session:
    """One file: rows go into the tree as they come, calls come out at the end."""

    def __init__(self, shape: BodyShape, intern: Interner) -> None:
        self._shape = shape
        self._transcriber = Transcriber(shape.prompt, intern)
        self._tree = Tree()
        self._rows = 0
        self._answers: dict[tuple[str, str, str], Answered] = {}
        self._calls: list[Answered | Failed] = []
        self._agents: dict[str, str] = {}

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        found = row(data)
        if not isinstance(found.type, str) or not found.type:
            raise Rejected("not_an_exchange")
        self._rows += 1
        parent = word(found.parentUuid) or None
        self._take(found, locus, "", word(found.uuid), parent, word(found.agentId) if found.isSidechain is True else "")
        inner = nested(found) if found.type == "progress" else None
        if inner is not None:
            self._agent(*inner, found, locus)
        return iter(())

    def close(self) -> Iterator[Draft]:
        """Every call of the file, in the order of their first rows."""
        calls: list[tuple[Answered | Failed, Path]] = [(call, self._tree.path(call.parent)) for call in self._calls]
        for call, path in calls:
            for failed in path.failures if isinstance(call, Answered) else ():
                failed.model = call.model
        for call, path in calls:
            yield self._answered(call, path) if isinstance(call, Answered) else self._failed(call, path)

    def _agent(self, agent: str, inner: Row, outer: Row, locus: Locus) -> None:
        """A sub-agent's row, told by a progress row: they stand in the order in which the agent spoke."""
        id = f"{agent}\0{word(inner.uuid) or self._rows}"
        if id in self._tree.nodes:
            return
        inner.sessionId, inner.isSidechain = outer.sessionId, True
        inner.timestamp = inner.timestamp or outer.timestamp
        self._take(inner, locus, "/data/message", id, self._agents.get(agent), agent)
        self._agents[agent] = id

    def _take(self, found: Row, locus: Locus, at: str, id: str, parent: str | None, agent: str) -> None:
        if not id or id in self._tree.nodes:
            return
        node = Node(parent, self._rows, moment(found.timestamp), self._tree.root(id, parent))
        agent = agent or (node.root if found.isSidechain is True else "")
        said = found.message if isinstance(found.message, Said) else None
        if found.type == "user" and said is not None:
            node.message = self._transcriber.message(said.raw, locus.at(f"{at}/message"))
        elif found.type == "assistant" and said is not None:
            self._said(found, said, node, locus.at(f"{at}/message"), agent)
        elif found.type == "system":
            node.boundary = _BOUNDARIES.get(word(found.subtype), "")
            if found.subtype == "api_error":
                self._refused(found, node, locus, id, agent)
        self._tree.add(id, node)

    def _said(self, found: Row, said: Said, node: Node, locus: Locus, agent: str) -> None:
        """A part of an answer. The client's own words are sent back like the caller's, its error notices are not."""
        if found.isApiErrorMessage is True:
            return
        message = self._transcriber.message(said.raw, locus)
        if said.model == SYNTHETIC:
            node.message = message
            return
        key = (agent, word(said.id) or f"\0{self._rows}", word(found.requestId))
        answered = self._answers.get(key)
        if answered is None:
            answered = self._answers[key] = Answered(
                locus=locus,
                id=word(said.id),
                model=word(said.model),
                parent=node.parent,
                order=node.order,
                conversation=word(found.sessionId),
                agent=agent,
                side="subagent" if agent else "",
                request=word(found.requestId),
            )
            self._calls.append(answered)
        answered.take(said, message, node.when, locus.pointer, self._shape)
        node.answered = answered

    def _refused(self, found: Row, node: Node, locus: Locus, id: str, agent: str) -> None:
        node.failed = Failed(
            locus=locus.at(failures.AT),
            response=failures.response(found),
            attempt=failures.attempt(found),
            conversation=word(found.sessionId),
            agent=agent,
            side="subagent" if agent else "",
            parent=node.parent,
            order=node.order,
            ended=node.when,
            key=id,
        )
        self._calls.append(node.failed)

    def _answered(self, answered: Answered, path: Path) -> Draft:
        key = f"{answered.id}/{answered.request}" if answered.id and answered.request else ""
        response = answered.response(answered.locus.pointer, self._shape)
        return self._draft(answered, path, self._tree.prompt(path, answered), response, key, None)

    def _failed(self, failed: Failed, path: Path) -> Draft:
        failed.model = failed.model or (path.before.model if path.before else "")
        return self._draft(failed, path, self._tree.prompt(path), failed.response, failed.key, failed.attempt)

    def _draft(self, call: Answered | Failed, path: Path, prompt: Prompt, response: Response, key: str, attempt: Try | None) -> Draft:
        conversation = f"{call.conversation}/{call.agent}" if call.agent else call.conversation
        streamed = not (isinstance(call, Answered) and call.whole)
        request = replace(self._transcriber.request(prompt, call.model, conversation), streamed=streamed)
        ended = call.ended
        started = path.asked if ended is None or path.asked is None else min(path.asked, ended)
        provider, platform = _provider(call.model, response.id, self._shape)
        return Draft(
            locus=call.locus,
            format=ClaudeCode.name,
            level=LEVEL,
            provider=provider,
            api=self._shape.api,
            platform=platform,
            host="",
            request=request,
            response=response,
            times=Times(started=started, ended=ended, dated=started or ended),
            conversation=conversation or None,
            sequence=call.order,
            clock=Clock.SEQUENCE if started is None else Clock.WALL,
            attribution=Attribution(app=APP, app_declared=True, agent=call.agent),
            lacks=_lacks(request, response, started),
            duplicate_key=key,
            attempt=attempt,
            intended=path.intended,
            side=call.side,
        )


def _lacks(request: Request, response: Response, started: float | None) -> dict[Need, str]:
    refused = response.status is not None and response.status >= 400
    return lacks(request, answered=refused or response.complete, used=refused or response.usage is not None, timed=started is not None)


def _provider(model: str, id: str, shape: BodyShape) -> tuple[str, str]:
    """By the prefix that clouds give to message ids; a model of another maker comes from who knows where."""
    cloud = next((found for prefix, found in _PLATFORMS.items() if id.startswith(prefix)), None)
    if cloud is not None:
        return cloud
    return provider_of("", shape.api) if "claude" in model or not model else (UNKNOWN, UNKNOWN)
