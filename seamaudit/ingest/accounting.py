"""The books of a read: every byte in exactly one line, every line in exactly one class."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import fields

from seamaudit.errors import EXIT_INTERNAL, SeamauditError
from seamaudit.ingest.inflate import Meter
from seamaudit.trace import Source

CLASSES = ("records", "rejected", "oversize", "blank")


class AccountingError(SeamauditError):
    """The books do not balance: a defect of the reader, never of the input."""

    exit_code = EXIT_INTERNAL


class Tally(Struct):
    """What one source (or all of them) came to: bytes of the decompressed stream, and lines by what became of them.

    `records` counts lines consumed by recognised records: one line may hold two, one document many lines.
    """

    bytes: int = 0
    lines: int = 0
    records: int = 0
    rejected: int = 0
    oversize: int = 0
    blank: int = 0

    def count(self, kind: str, length: int, lines: int = 1) -> None:
        """Put `lines` lines of together `length` bytes into one of CLASSES."""
        if kind not in CLASSES:
            raise ValueError(kind)
        self.bytes += length
        self.lines += lines
        setattr(self, kind, getattr(self, kind) + lines)

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)))


class Accounting(Struct):
    """The books of a run, by source. What was *read* is metered apart from what was *made of it*, so that they can disagree."""

    tallies: dict[int, Tally] = field(default_factory=dict)
    meters: dict[int, Meter] = field(default_factory=dict)

    def open(self, source: Source) -> tuple[Tally, Meter]:
        """Fresh books for one source. Raises ValueError where it has some already: a source is read once."""
        if source.index in self.tallies:
            raise ValueError(f"source {source.index} is read twice")
        self.tallies[source.index], self.meters[source.index] = Tally(), Meter()
        return self.tallies[source.index], self.meters[source.index]

    def join(self, other: Accounting) -> None:
        """Take over the books of what was read elsewhere; of a source that is known already they go behind its own."""
        for index, tally in other.tallies.items():
            self.tallies[index] = self.tallies.get(index, Tally()) + tally
            self.meters[index] = self.meters.get(index, Meter()) + other.meters[index]

    @property
    def total(self) -> Tally:
        """All sources together."""
        return sum(self.tallies.values(), Tally())

    def check(self) -> None:
        """Assert the books. Raises AccountingError naming the source and the two sums that differ."""
        for index, tally in self.tallies.items():
            meter = self.meters[index]
            _equal(index, "bytes in lines and bytes read", tally.bytes, meter.size)
            _equal(index, "lines and line ends read", tally.lines, meter.lines)
            _equal(index, "classified lines and lines", sum(getattr(tally, kind) for kind in CLASSES), tally.lines)


def _equal(index: int, what: str, left: int, right: int) -> None:
    if left != right:
        raise AccountingError(
            f"source {index}: {what} differ ({left} and {right})",
            "This is a defect of seamaudit: please report it with the version and the kind of input, not with the input.",
        )
