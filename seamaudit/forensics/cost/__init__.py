"""What was spent, by day, session or model, or by what was in the calls."""

from seamaudit.forensics.cost.document import document
from seamaudit.forensics.cost.ledger import ledger_notes, ledger_table
from seamaudit.forensics.cost.notes import notes, spoken
from seamaudit.forensics.cost.sums import Amount, Sums
from seamaudit.forensics.cost.table import CONTENTS, By, CostTable, Row, Window, cost_table

__all__ = [
    "CONTENTS",
    "Amount",
    "By",
    "CostTable",
    "Row",
    "Sums",
    "Window",
    "cost_table",
    "document",
    "ledger_notes",
    "ledger_table",
    "notes",
    "spoken",
]
