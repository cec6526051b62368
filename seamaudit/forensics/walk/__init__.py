"""One conversation end to end: what every turn sent, read, wrote, was answered and cost, and what broke between two layers there."""

from seamaudit.forensics.walk.choose import Choice, Summary, choose, summaries
from seamaudit.forensics.walk.document import document
from seamaudit.forensics.walk.request import Opened, Position, opened
from seamaudit.forensics.walk.steps import Boundary, Step, Walk, walk

__all__ = ["Boundary", "Choice", "Opened", "Position", "Step", "Summary", "Walk", "choose", "document", "opened", "summaries", "walk"]
