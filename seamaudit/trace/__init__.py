"""The words everything speaks: frozen values without I/O."""

from seamaudit.trace.exchange import (
    Attribution,
    Clock,
    Exchange,
    Level,
    Link,
    Need,
    Request,
    Response,
    ThreadRef,
    Times,
    Try,
)
from seamaudit.trace.hole import Hole
from seamaudit.trace.locus import Locus, Source
from seamaudit.trace.money import Money, to_usd
from seamaudit.trace.prefix import Breakpoint, Prefix, Tape
from seamaudit.trace.refusal import Refusal
from seamaudit.trace.segment import Kind, Segment, Zone
from seamaudit.trace.stream import StreamEvent, StreamRecord
from seamaudit.trace.tools import Answer, ArgumentState, Conformance, OutputForm, ToolCall
from seamaudit.trace.usage import Convention, ConventionBasis, Usage
from seamaudit.trace.withheld import Withheld

__all__ = [
    "Answer",
    "ArgumentState",
    "Attribution",
    "Breakpoint",
    "Clock",
    "Conformance",
    "Convention",
    "ConventionBasis",
    "Exchange",
    "Hole",
    "Kind",
    "Level",
    "Link",
    "Locus",
    "Money",
    "Need",
    "OutputForm",
    "Prefix",
    "Refusal",
    "Request",
    "Response",
    "Segment",
    "Source",
    "StreamEvent",
    "StreamRecord",
    "Tape",
    "ThreadRef",
    "Times",
    "ToolCall",
    "Try",
    "Usage",
    "Withheld",
    "Zone",
    "to_usd",
]
