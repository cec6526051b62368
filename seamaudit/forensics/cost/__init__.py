"""What was spent, by day, session, model or who caused it, or by what was in the calls, and what of it findings call waste."""

from seamaudit.forensics.cost.document import document, waterfall_document
from seamaudit.forensics.cost.ledger import ledger_notes, ledger_table
from seamaudit.forensics.cost.notes import notes, spoken, waste_notes
from seamaudit.forensics.cost.sums import Amount, Sums
from seamaudit.forensics.cost.table import CONTENTS, By, CostTable, Row, Window, cost_table
from seamaudit.forensics.cost.waste import Avoidable, Claim, Wasted, Waterfall, wasted, waterfall

__all__ = [
    "CONTENTS",
    "Amount",
    "Avoidable",
    "By",
    "Claim",
    "CostTable",
    "Row",
    "Sums",
    "Wasted",
    "Waterfall",
    "Window",
    "cost_table",
    "document",
    "ledger_notes",
    "ledger_table",
    "notes",
    "spoken",
    "waste_notes",
    "wasted",
    "waterfall",
    "waterfall_document",
]
