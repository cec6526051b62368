"""The ledger: every billed token assigned once, to what was sent and to who put it there.

A prompt is a stretch of a tape, and a provider bills it front to back: what the cache read, what it wrote, the rest. So the tokens of
each class fall on known positions, and a position that is sent again for forty turns has forty entries, which are summed up here. What
a position weighs is its bytes at a rate that is fitted to the reported usage; the difference to the report is not recorded text and is
shown as such, never spread over what is. It is taken to stand before the recorded positions: a provider's own prompt for tools, or a
system prompt that the recording leaves out.
"""

from seamaudit.layers.ledger.facts import Billing, LedgerRow, Producer
from seamaudit.layers.ledger.layer import Ledger

__all__ = ["Billing", "Ledger", "LedgerRow", "Producer"]
