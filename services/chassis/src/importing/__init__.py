"""Import of files: rows are passed to a module's own commands, once, with an outcome for each row."""

from importing.handlers import ImportJobs
from importing.models import UPLOADS
from importing.run import IMPORT_KEYS, Import, Outcome, RowResult, Target

__all__ = ["IMPORT_KEYS", "UPLOADS", "Import", "ImportJobs", "Outcome", "RowResult", "Target"]
