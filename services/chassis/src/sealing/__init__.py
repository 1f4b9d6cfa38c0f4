"""Secrets at rest: sealed before they are stored, and opened when they are used.

    seal = Seal(settings.sealing_keys)
    row.secret = seal.sealed(b"...", about=f"mailbox:{row.id}")
    seal.opened(row.secret, about=f"mailbox:{row.id}")

The first key seals; every key opens, so that a new one is put before the old ones and those are removed when
`resealed` has been applied to every row. What was sealed about one record cannot be opened as that of another.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

BETWEEN = b"\0"


class NoKey(Exception):
    """The service has no key for secrets: the setting SEALING_KEYS is empty."""


class NotSealed(Exception):
    """The value was sealed with an unknown key, about another record, or was changed."""


def new_key() -> str:
    """A new key, for the setting."""
    return Fernet.generate_key().decode()


def checked_key(key: str) -> str:
    """The key. Raises `ValueError` for a text that is none."""
    Fernet(key)
    return key


class Seal:
    """Seals and opens with these keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def sealed(self, secret: bytes, *, about: str) -> bytes:
        """What is stored of a secret. Raises `NoKey`."""
        return self._fernet().encrypt(about.encode() + BETWEEN + secret)

    def opened(self, stored: bytes, *, about: str) -> bytes:
        """The secret. Raises `NoKey`, `NotSealed`."""
        try:
            found, between, secret = self._fernet().decrypt(stored).partition(BETWEEN)
        except InvalidToken:
            raise NotSealed(about) from None
        if not between or found != about.encode():
            raise NotSealed(about)
        return secret

    def resealed(self, stored: bytes) -> bytes:
        """The same secret, sealed with the first key. Raises `NoKey`, `NotSealed`."""
        try:
            return self._fernet().rotate(stored)
        except InvalidToken:
            raise NotSealed from None

    def _fernet(self) -> MultiFernet:
        if self._keys is None:
            raise NoKey
        return self._keys
