"""Evidence: the one place where trace text is re-read, redacted and made safe, once, for every sink."""

from seamaudit.evidence.excerpt import Evidence, EvidenceRef, Excerpt
from seamaudit.evidence.redaction import redact
from seamaudit.evidence.safe import sanitize
from seamaudit.evidence.second_pass import collect

__all__ = ["Evidence", "EvidenceRef", "Excerpt", "collect", "printable", "redact", "sanitize"]


def printable(text: str) -> str:
    """Text from a trace or a command line that a sink may print: redacted, one line, without invisible characters."""
    return sanitize(redact(text))
