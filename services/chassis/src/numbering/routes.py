"""HTTP of series of numbers."""

from collections.abc import Sequence
from typing import Annotated

from chassis import clock
from chassis.auth import requires
from chassis.db import Session
from chassis.errors import NotFound
from chassis.preconditions import SeenIfThere, etag
from fastapi import APIRouter, Path, Response
from localisation import Phrase
from sqlalchemy.ext.asyncio import AsyncSession

from numbering import commands, queries
from numbering.schemas import NumberSeriesBody, NumberSeriesList, NumberSeriesOut
from numbering.series import Format, Series

Name = Annotated[str, Path(max_length=60)]
PATH = "/v1/number-series"


def series_router(series: Sequence[Series]) -> APIRouter:
    """The router of a service with these series."""
    router = APIRouter(prefix=PATH, tags=["numbers"])
    known = {each.name: each for each in series}

    def named(name: str) -> Series:
        if name not in known:
            raise NotFound(id=name, hint=Phrase("The series are: {known}.", known=", ".join(sorted(known))))
        return known[name]

    @router.get("", dependencies=[requires("numbers:read")])
    async def list_number_series(session: Session) -> NumberSeriesList:
        """Every series with its format and its next number."""
        return NumberSeriesList(items=[await _shown(session, each) for each in series])

    @router.get("/{name}", dependencies=[requires("numbers:read")])
    async def read_number_series(name: Name, session: Session, response: Response) -> NumberSeriesOut:
        """One series, with the `ETag` to change it."""
        found = await _shown(session, named(name))
        response.headers["ETag"] = etag(found.version)
        return found

    @router.put("/{name}", dependencies=[requires("numbers:write")])
    async def declare_number_series(
        name: Name, body: NumberSeriesBody, session: Session, seen: SeenIfThere, response: Response
    ) -> NumberSeriesOut:
        """Declare the format of future numbers; assigned numbers are not changed."""
        form = Format(prefix=body.prefix, digits=body.digits, per_year=body.per_year)
        version = await commands.declare(
            session,
            named(name),
            series,
            form,
            next_value=body.next_value,
            year=clock.today().year,
            seen=seen.check,
        )
        response.headers["ETag"] = etag(version)
        return await _shown(session, named(name))

    return router


async def _shown(session: AsyncSession, series: Series) -> NumberSeriesOut:
    form, version = await queries.declared(session, series)
    year = clock.today().year
    value = await queries.next_value(session, form, year)
    return NumberSeriesOut(
        name=series.name,
        gapless=series.gapless,
        next_value=value,
        next_number=form.number(year, value),
        version=version,
        **form.model_dump(),
    )
