"""Named reads of formats and counters."""

from chassis import tenant_settings
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from numbering.models import Counter, NumberFormat
from numbering.series import Format, Series


async def declared(session: AsyncSession, series: Series) -> tuple[Format, int]:
    """The format of the series, and its version; 0 when the tenant has declared nothing."""
    document, version = await tenant_settings.read(session, NumberFormat, series.name)
    return (Format.model_validate(document) if version else series.usual), version


async def next_value(session: AsyncSession, form: Format, year: int) -> int:
    """The value of the next number; a concurrent transaction may take it first."""
    last = await session.scalar(select(Counter.value).where(Counter.name == form.start(year)))
    return (last or 0) + 1
