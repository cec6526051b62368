"""The stream layer: a stream is a state machine, not a token pipe."""

from seamaudit.layers.stream.facts import CutCall, StopFault, StopMismatch, StreamFault, StreamLife, Terminal
from seamaudit.layers.stream.layer import Stream, StreamKnobs
from seamaudit.layers.stream.machine import Fault

__all__ = ["CutCall", "Fault", "StopFault", "StopMismatch", "Stream", "StreamFault", "StreamKnobs", "StreamLife", "Terminal"]
