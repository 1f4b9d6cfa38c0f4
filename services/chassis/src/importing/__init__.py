"""Importing files: rows go through a module's own commands, once, with an outcome for each row."""

from importing.run import IMPORT_KEYS, Import, Outcome, RowResult, Target

__all__ = ["IMPORT_KEYS", "Import", "Outcome", "RowResult", "Target"]
