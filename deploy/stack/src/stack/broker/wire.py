"""The request that sets passwords (AlterUserScramCredentials), which the client library lacks."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

SHA_512 = 2
ITERATIONS = 8192
SALT_BYTES = 32
UTF8 = CompactString("utf-8")


class _Answer(Response):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(("user", UTF8), ("error_code", Int16), ("error_message", UTF8), ("tags", TaggedFields)),
        ),
        ("tags", TaggedFields),
    )


class _Struct(RequestStruct):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", UTF8), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", UTF8),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterPasswords(Request[_Struct]):  # type: ignore[misc]  # aiokafka is untyped
    """Set the passwords of users, and remove those of others; the broker stores only what verifies them."""

    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str], removed: Iterable[str] = ()) -> None:
        self._passwords = dict(passwords)
        self._removed = list(removed)

    def build(self, request_struct_class: type[_Struct]) -> Any:
        """The request in the version that the broker speaks."""
        removed: list[Any] = [(name, SHA_512, {}) for name in self._removed]
        kept: list[Any] = [
            (name, SHA_512, ITERATIONS, *_salted(password), {}) for name, password in self._passwords.items()
        ]
        return request_struct_class(removed, kept, {})


def _salted(password: str) -> tuple[bytes, bytes]:
    salt = os.urandom(SALT_BYTES)
    return salt, hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
