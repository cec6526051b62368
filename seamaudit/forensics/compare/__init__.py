"""Two runs side by side: what is new, what is gone, what shows more or less often, and what cannot be told."""

from seamaudit.forensics.compare.changes import Change, Comparison, Shown, Side, Trend, compare
from seamaudit.forensics.compare.document import document

__all__ = ["Change", "Comparison", "Shown", "Side", "Trend", "compare", "document"]
