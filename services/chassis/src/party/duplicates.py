"""Customers and contacts that may be entered already: the same tax id, e-mail or phone, normalised as match keys."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from contracts.normalise import email_key, phone_e164, tax_id_key
from pydantic import BaseModel
from records.duplicates import Alike, Field, Found, Key
from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

MOST_FOUND = 1000


def alike(row: Any) -> Alike:
    """How customers or contacts of a table are compared; only those with legal entities have tax ids."""

    async def find(session: AsyncSession, keys: Collection[Key]) -> Iterable[tuple[Key, Found]]:
        wanted: dict[Field, list[str]] = {}
        for field, key in keys:
            wanted.setdefault(field, []).append(key)
        found = await session.execute(union_all(*_selects(row, wanted)).limit(MOST_FOUND))
        return [((field, key), (row_id, name)) for field, key, row_id, name in found]

    return Alike(_keys, find)


def _selects(row: Any, wanted: dict[Field, list[str]]) -> Iterator[Select[Any]]:
    """One select for each field, because each has an index."""
    columns: dict[Field, Any] = {"email": row.email_key, "phone": row.phone_e164}
    for field, keys in wanted.items():
        if field == "tax_id":
            entity = row.entity
            column, joined = entity.tax_id_key, entity.customer_id == row.id
            found = select(literal(field), column, row.id, row.name).join(entity, joined)
            yield found.where(column.in_(keys), entity.removed_at.is_(None), row.archived_at.is_(None))
        else:
            column = columns[field]
            yield select(literal(field), column, row.id, row.name).where(column.in_(keys), row.archived_at.is_(None))


def _keys(body: BaseModel) -> set[Key]:
    values: Any = body
    address = getattr(values, "billing_address", None) or getattr(values, "shipping_address", None)
    found: dict[Field, set[str | None]] = {
        "email": {email_key(values.email)} if values.email else set(),
        "phone": {phone_e164(values.phone, address.country if address else None)} if values.phone else set(),
        "tax_id": {
            tax_id_key(each.tax_id, each.country)
            for each in getattr(values, "legal_entities", ())
            if each.tax_id and each.country
        },
    }
    return {(field, key) for field, keys in found.items() for key in keys if key}
