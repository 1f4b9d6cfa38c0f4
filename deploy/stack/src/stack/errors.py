"""What goes wrong when a server is started, as one sentence a person can act on."""


class CannotStart(Exception):
    """A server or service cannot be started. Its text says why, and what to do about it."""
