"""The tasks of the worker."""
