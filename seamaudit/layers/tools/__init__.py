"""The tools layer: every call, what answered it, and where the two do not fit each other."""

from seamaudit.layers.tools.facts import CallFault, PairFault, PairingFault, ResponseFault, SplitResults, ToolCalled
from seamaudit.layers.tools.layer import Tools

__all__ = ["CallFault", "PairFault", "PairingFault", "ResponseFault", "SplitResults", "ToolCalled", "Tools"]
