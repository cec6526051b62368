"""What was spent, by day, session or model."""

from seamaudit.forensics.cost.document import document
from seamaudit.forensics.cost.notes import notes, spoken
from seamaudit.forensics.cost.sums import Amount, Sums
from seamaudit.forensics.cost.table import By, CostTable, Row, Window, cost_table

__all__ = ["Amount", "By", "CostTable", "Row", "Sums", "Window", "cost_table", "document", "notes", "spoken"]
