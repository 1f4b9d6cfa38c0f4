"""Secrets at rest."""

import pytest
from sealing import NoKey, NotSealed, Seal, checked_key, new_key

OLD, NEW = new_key(), new_key()


def test_a_secret_is_opened_with_any_of_the_keys_and_only_about_its_record() -> None:
    stored = Seal([OLD]).sealed(b"s\0cret", about="mailbox:1")
    assert b"cret" not in stored
    both = Seal([NEW, OLD])
    assert both.opened(stored, about="mailbox:1") == b"s\0cret"
    assert Seal([NEW]).opened(both.resealed(stored), about="mailbox:1") == b"s\0cret"
    for seal, about in ((Seal([NEW]), "mailbox:1"), (both, "mailbox:2")):
        with pytest.raises(NotSealed):
            seal.opened(stored, about=about)


def test_without_a_key_nothing_is_sealed_and_a_wrong_key_is_refused() -> None:
    with pytest.raises(NoKey):
        Seal([]).sealed(b"secret", about="mailbox:1")
    with pytest.raises(ValueError, match="Fernet key"):
        checked_key("too short")
