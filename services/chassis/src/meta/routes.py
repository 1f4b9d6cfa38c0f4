"""`GET /v1/meta`."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated

from access.options import options_of
from chassis.auth import Principal, signed_in
from chassis.db import Session
from chassis.routing import Router
from custom_fields.queries import every_declaration
from fastapi import Header, Request, Response
from fastapi.responses import Response as Answer
from localisation import chosen, current, headers, spoken
from records import RecordRouter
from sqlalchemy.ext.asyncio import AsyncSession

from meta.formats import formats_of, languages, locale_of
from meta.records import record_meta
from meta.schemas import Choice, FieldMeta, Meta, RecordMeta

Own = tuple[str, str, str, str, tuple[str, ...]]
"""A custom field: its record, key, label, type and choices."""
Served = Callable[[], Sequence[RecordRouter]]
KEPT = 256
"""Answers that a process keeps: one for each combination of locale, scopes and custom fields."""


def meta_router(served: Served) -> Router:
    """The route, for the records of these routers."""
    router = Router(prefix="/v1/meta", tags=["meta"])

    @lru_cache(maxsize=KEPT)
    def answer(tag: str, scopes: frozenset[str], own: tuple[Own, ...], off: frozenset[str]) -> bytes:
        found = tuple(each for each in served() if each.record.path not in off)
        return document(found, tag, scopes, own).model_dump_json(exclude_none=True).encode()

    @router.get("", response_model=Meta, response_model_exclude_none=True)
    async def read_meta(
        request: Request,
        session: Session,
        caller: Annotated[Principal, signed_in],
        accept_language: Annotated[str | None, Header(description="The languages that the caller prefers.")] = None,
    ) -> Response:
        """What a front end shows of this service: records, their fields, enumerations, states, filters, formats.

        Labels are in the language of `Accept-Language`: English, German, French, Spanish, Chinese (simplified and
        traditional), Korean, Latvian or Russian. It has the records that the caller's scopes may read, without those
        of modules that are off, and the tenant's own fields. The `ETag` changes when the answer does.
        """
        tag, own = chosen(accept_language or ""), await _own_fields(session)
        body = answer(tag, caller.scopes, own, _off(request, caller, served()) if caller.without else frozenset())
        return Answer(body, media_type="application/json", headers={**headers(), "ETag": '"meta"'})

    return router


def document(served: Sequence[RecordRouter], tag: str, scopes: frozenset[str], own: Sequence[Own]) -> Meta:
    """The whole answer for a language tag, for a caller with these scopes."""
    with spoken(tag):
        records = [
            record_meta(router.record, router.verbs, scopes)
            for router in served
            if f"{router.record.scope}:read" in scopes
        ]
        for each in records:
            each.fields += [_own_field(each, field) for field in own if field[0] == each.name]
        return Meta(language=current.get(), languages=languages(), formats=formats_of(locale_of(tag)), records=records)


def _off(request: Request, caller: Principal, served: Sequence[RecordRouter]) -> frozenset[str]:
    """The paths of records whose module the tenant has turned off."""
    module_of = options_of(request).module_of
    return frozenset(each.record.path for each in served if module_of(each.record.path) in caller.without)


async def _own_fields(session: AsyncSession) -> tuple[Own, ...]:
    """The tenant's custom fields of all records, by one statement."""
    found = await every_declaration(session)
    return tuple((each.record, each.key, each.label, each.type, tuple(each.choices)) for each in found)


def _own_field(record: RecordMeta, own: Own) -> FieldMeta:
    _, key, shown, kind, choices = own
    holder = next((each for each in record.fields if each.name == "custom"), None)
    writable = holder is not None and holder.writable
    return FieldMeta(
        name=f"custom.{key}",
        label=shown,
        type=kind,
        custom=True,
        nullable=True,
        writable=writable,
        changeable=writable,
        values=[Choice(value=each, label=each) for each in choices] or None,
    )
