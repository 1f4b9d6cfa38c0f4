"""Errors of starting a server. Each text is one sentence that says what to do."""


class CannotStart(Exception):
    """A server or service cannot be started. The text gives the reason and what to do."""
