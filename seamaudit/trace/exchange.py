"""An exchange: one provider call that was billed or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from seamaudit.trace.diagnosis import Diagnosis
from seamaudit.trace.locus import Locus
from seamaudit.trace.money import Money
from seamaudit.trace.prefix import Breakpoint, Prefix
from seamaudit.trace.refusal import Refusal
from seamaudit.trace.stream import StreamRecord
from seamaudit.trace.tools import Answer, Conformance, OutputForm, ToolCall
from seamaudit.trace.usage import Usage
from seamaudit.trace.withheld import Withheld


class Level(StrEnum):
    """How much a recording holds: A exact bodies, B messages and usage, C counters."""

    WIRE = "A"
    MESSAGES = "B"
    COUNTERS = "C"


class Clock(StrEnum):
    """What orders exchanges: wall time, the recording's own sequence, or nothing."""

    WALL = "wall"
    SEQUENCE = "sequence"
    NONE = "none"


class Need(StrEnum):
    """What a rule may need of an exchange. An exchange says which of these it lacks, and why.

    CACHE_CONTRACT: the cache can be replayed from the prompt. CACHE_LIFE: what one turn left there can at least be followed to the next
    by their usage.
    """

    PROMPT = "prompt"
    TOOLS = "tools"
    RESPONSE = "response"
    STREAM = "stream"
    USAGE = "usage"
    TIME = "time"
    MODEL = "model"
    CACHE_CONTRACT = "cache_contract"
    CACHE_LIFE = "cache_life"


class Times(Struct, frozen=True, gc=False):
    """Seconds since the epoch, or None. `dated` is any time near the call that prices may be looked up by."""

    started: float | None = None
    first_byte: float | None = None
    ended: float | None = None
    duration: float | None = None
    dated: float | None = None


class Attribution(Struct, frozen=True, gc=False):
    """Who caused the call, as declared; `app` falls back to a digest of tool names and platform, never of text."""

    app: str = ""
    app_declared: bool = False
    agent: str = ""
    team: str = ""
    key: str = ""
    user: str = ""


class ThreadRef(Struct, frozen=True, gc=False):
    """The thread an exchange belongs to. `basis` says how that is known: `declared`, `call_id`, `answer`, `retry`,
    `prefix`, `alone`."""

    id: str
    conversation: str
    declared: bool
    basis: str


class Try(Struct, frozen=True, gc=False):
    """What the recording says of a retried call: the number of this try (1 is the first), how many the client allows, the seconds
    the client said it would wait after it, and the seconds the provider asked for (`retry-after`).

    `retries` is what an SDK counts in a header of its own, 0 on its first try; `call` a digest of the id that one call of the SDK keeps
    wherever it is forwarded, "" where it carries none. `trace` is a digest of the distributed trace it belongs to, "" where it names
    none; `forwarded` how many calls a gateway says it made of it, None where none says so.
    """

    number: int | None = None
    limit: int | None = None
    wait: float | None = None
    retry_after: float | None = None
    retries: int | None = None
    call: str = ""
    trace: str = ""
    forwarded: int | None = None


class Link(Struct, frozen=True, gc=False):
    """A relation to an earlier exchange and how many leading positions both share (`shared`)."""

    exchange: int
    locus: Locus
    prefix: Prefix
    shared: int
    started: float | None = None


NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
"""What is said of nothing: one empty mapping for all that have nothing to say."""


class Request(Struct, frozen=True, gc=False):
    """What was sent.

    `at` is the pointer of the body inside the record; `renamed` holds the arrays that the recording spells in another way
    than the provider (`messages` as `traj`); `scattered` says that the prompt stands in no record as a whole, each position in one
    of its own, where its segment's locus points; `settings` is a digest of what is sent beside the prompt, "" where the recording does
    not hold it; `compares_with` is the id of the response whose request the provider was asked to compare this one with, "" where it was
    not; `output` the form that the answer is asked to have. `complete` is False where the prompt is not all in the trace
    (`previous_response_id`, a cut body). `offered` holds the tool names, None where the recording has none to show;
    `deferred` says that tools may be found by search. `params` are the parameters that shape the prompt or the cache key,
    as short literals or digests. `broken` lists the causes of text a provider would refuse, with pointers. `withheld` says that the
    recorder kept content back, and how.
    """

    model: str
    at: str
    prefix: Prefix
    complete: bool = True
    breakpoints: tuple[Breakpoint, ...] = ()
    offered: frozenset[str] | None = None
    deferred: bool = False
    params: Mapping[str, str] = NOTHING
    max_output: int | None = None
    streamed: bool = False
    forced_tool: bool = False
    length: int = 0
    unsized: int = 0
    broken: tuple[tuple[str, str], ...] = ()
    renamed: Mapping[str, str] = NOTHING
    scattered: bool = False
    settings: str = ""
    compares_with: str = ""
    output: OutputForm | None = None
    withheld: Withheld | None = None

    def pointer(self, position: int, prefix: Prefix | None = None) -> str:
        """JSON pointer, inside the record, of the value at a position of this prompt or of another that is recorded alike."""
        return self._spelled((prefix or self.prefix).pointer(position))

    def pointers(self, positions: Iterable[int], prefix: Prefix | None = None) -> dict[int, str]:
        """JSON pointers, inside the record, of many positions of this prompt or of another that is recorded alike, in one walk."""
        return {at: self._spelled(pointer) for at, pointer in (prefix or self.prefix).pointers(positions).items()}

    def _spelled(self, pointer: str) -> str:
        _, array, *rest = pointer.split("/")
        parts = [name for name in (self.renamed.get(array, array), *rest) if name]
        return "/".join([self.at, *parts])


class Response(Struct, frozen=True, gc=False):
    """What came back. `at` is the pointer of the body inside the record; `stop` the provider's own stop word, '' if none.

    `error_type` is the provider's code of a refusal, `refusal` what its text says; `complete` is False where the body was cut.
    `conforms` says how the answer's text fits the form that was asked for, None where none was or where it calls tools instead;
    `withheld` that the recorder kept content back, and how.
    """

    at: str
    status: int | None = None
    id: str = ""
    model: str = ""
    stop: str = ""
    answers: tuple[Answer, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    stream: StreamRecord | None = None
    error_type: str = ""
    refusal: Refusal | None = None
    complete: bool = True
    broken: tuple[tuple[str, str], ...] = ()
    diagnosis: Diagnosis | None = None
    conforms: Conformance | None = None
    withheld: Withheld | None = None


class Exchange(Struct, frozen=True, gc=False):
    """One provider call: the unit every layer is fed.

    `api` names the body shape (`anthropic.messages`, `openai.chat`, `openai.responses`, `gemini.generate`,
    `bedrock.converse`); `provider` who answered (by host, else by shape); `platform` where (`claude_api`, `bedrock`,
    `vertex`, `foundry`, `openai`, `azure`, or the host). `lacks` maps a need to the reason it is not met.
    `previous` is the thread's turn before, `nearest` the longest equal chain in the cache scope. `attempt` is what the recording
    says of retries; `intended` why the prompt was rewritten on purpose since the turn before (`compaction`, `microcompaction`);
    `side` the kind of a call beside the conversation (`subagent`, `title`, `probe`), "" for its turns; `recorded_cost` the
    price the recorder noted; `after_hole` that a relation was given up because a record in between was lost.
    """

    id: int
    locus: Locus
    format: str
    level: Level
    clock: Clock
    provider: str
    api: str
    platform: str
    host: str
    request: Request
    response: Response | None
    times: Times
    thread: ThreadRef
    attribution: Attribution
    lacks: Mapping[Need, str] = field(default_factory=dict)
    previous: Link | None = None
    nearest: Link | None = None
    tags: frozenset[str] = frozenset()
    attempt: Try | None = None
    intended: str = ""
    side: str = ""
    recorded_cost: Money | None = None
    after_hole: bool = False

    def place(self, position: int, link: Link | None = None) -> Locus:
        """Where a position of this prompt stands, or with `link` of the earlier prompt it leads to."""
        return self.places((position,), link)[position]

    def places(self, positions: Iterable[int], link: Link | None = None) -> dict[int, Locus]:
        """Where many positions stand, in one walk. What is scattered stands where it was first told."""
        prefix = link.prefix if link else self.request.prefix
        if self.request.scattered:
            told = {at: prefix.at(at) for at in positions}
            return {at: segment.locus.at(segment.locus.pointer + segment.path) for at, segment in told.items()}
        record = link.locus if link else self.locus
        return {at: record.at(pointer) for at, pointer in self.request.pointers(positions, prefix).items()}

    @property
    def usage(self) -> Usage | None:
        """The response's usage, None where there is none."""
        return self.response.usage if self.response else None

    @property
    def refused(self) -> bool:
        """Whether the provider answered with an HTTP error."""
        return self.response is not None and self.response.status is not None and self.response.status >= 400
