"""Declaring the format of numbers, and their next value."""

from collections.abc import Callable, Iterable
from typing import Any

from chassis import tenant_settings
from chassis.errors import Conflict
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from numbering import queries
from numbering.models import Counter, NumberFormat
from numbering.series import Format, Series


class PrefixTaken(Conflict):
    code = "prefix-taken"
    title = "Another series of numbers begins with the same text"
    detail = "Numbers of {series} begin with the same text."
    hint = "Choose another prefix: numbers of two series must differ."


class NumbersWithoutYears(Conflict):
    code = "numbers-without-years"
    title = "Numbers of this series cannot be counted per year"
    detail = "A {series} has no date that determines the year of its number."
    hint = "Send `per_year` as false."


class NumbersGiven(Conflict):
    code = "numbers-given"
    title = "The next number cannot be set to this value"
    detail = "The last assigned number is {last}."
    hint = (
        "The next number of a gapless series can be set only before its first; that of another series can only "
        "increase."
    )


async def declare(
    session: AsyncSession,
    series: Series,
    others: Iterable[Series],
    wanted: Format,
    *,
    next_value: int | None,
    year: int,
    seen: Callable[[int, dict[str, Any]], None],
) -> int:
    """Declare a format for future numbers, if the caller has `seen` the current one; returns its version.

    Raises `PrefixTaken`, `NumbersWithoutYears`, `NumbersGiven`, and the errors of `seen`.
    """
    if wanted.per_year and not series.dated:
        raise NumbersWithoutYears(series=series.name)
    for other in others:
        if other.name != series.name and wanted.meets((await queries.declared(session, other))[0]):
            raise PrefixTaken(series=other.name)
    version = await tenant_settings.declare(session, NumberFormat, series.name, wanted.model_dump(mode="json"), seen)
    if next_value is not None:
        await _go_on(session, series, wanted, next_value - 1, year)
    return version


async def _go_on(session: AsyncSession, series: Series, wanted: Format, last: int, year: int) -> None:
    """Set the counter to `last`. Raises `NumbersGiven` when it has advanced, or may not jump."""
    start = wanted.start(year)
    begin = insert(Counter).values(name=start, value=last)
    free = Counter.value.in_([0, last]) if series.gapless else Counter.value <= last
    await session.execute(
        begin.on_conflict_do_update(
            index_elements=["tenant_id", "name"], set_={"value": begin.excluded.value}, where=free
        )
    )
    found = await session.scalar(select(Counter.value).where(Counter.name == start))
    if found != last:
        raise NumbersGiven(last=wanted.number(year, found or 0))
