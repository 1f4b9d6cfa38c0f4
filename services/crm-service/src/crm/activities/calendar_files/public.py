"""What a request without a token of ours may do: read the calendar of a subscription, by the secret in its address."""

from collections.abc import AsyncIterator
from typing import Annotated

from chassis.auth import Principal
from chassis.db import acting_for
from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar_files import rules
from crm.settings import Settings

ISSUER = "calendars"
Token = Annotated[str, Query(pattern=f"^{rules.FORM}$", description="The secret of the subscription.")]


class Reader:
    """A program that reads a calendar, in the transaction of the subscription's tenant."""

    def __init__(self, session: AsyncSession, presented: rules.Presented) -> None:
        self.session, self.presented = session, presented


async def reader(request: Request, token: Token) -> AsyncIterator[Reader]:
    """Dependency: who reads a calendar. Raises `TooManyRequests`."""
    settings: Settings = request.app.state.settings
    rates = request.app.state.rates
    address = request.client.host if request.client else ""
    rates.count(settings.calendar_address_per_minute, "An address", "calendar address", address)
    presented = rules.presented(token)
    rates.count(settings.calendar_per_minute, "A subscription", "calendar", str(presented.id))
    caller = Principal(f"calendar:{presented.id}", presented.tenant, frozenset(), ISSUER)
    async with acting_for(request.app.state.sessions, caller) as session:
        yield Reader(session, presented)


Subscriber = Annotated[Reader, Depends(reader, scope="function")]
