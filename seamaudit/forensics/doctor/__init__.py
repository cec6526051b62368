"""What a recording holds, which rules can be decided from it, and what to record to open the others."""

from seamaudit.forensics.doctor.advice import Hint, hints
from seamaudit.forensics.doctor.diagnosis import Check, Diagnosis, Gap, State, diagnosis
from seamaudit.forensics.doctor.document import document
from seamaudit.forensics.doctor.survey import Holding, Part, Recorded, Survey

__all__ = ["Check", "Diagnosis", "Gap", "Hint", "Holding", "Part", "Recorded", "State", "Survey", "diagnosis", "document", "hints"]
