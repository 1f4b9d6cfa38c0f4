"""Three rows of each record, made once for each file of tests; what a test does to them is undone."""

from collections.abc import AsyncIterator

import pytest
from chassis.testing import OTHER_TENANT, Database, caller, rolled_back, undone
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from stack.keys import SCOPES

from .examples import Maker
from .made import Made

EVERYTHING = " ".join(SCOPES)
READING = " ".join(each for each in SCOPES if each.endswith(":read"))
WRITING = " ".join(each for each in SCOPES if not each.endswith(":read"))


@pytest.fixture(scope="session")
def addresses(database: Database) -> dict[str, str]:
    """Databases of the suite's own: its rows are locked for longer than a test."""
    return {each.name: database(each.name, each.metadata, each.versions, "records") for each in (CRM, ERP)}


@pytest.fixture(scope="module")
async def prepared(request: pytest.FixtureRequest, addresses: dict[str, str]) -> AsyncIterator[Made]:
    """Its transaction stays open, with its locks, so it ends with the file: other tests wait for no lock of it."""
    subject = request.param
    service = subject.service
    async with (
        rolled_back(addresses[service.name], service.name) as sessions,
        caller(service, sessions, EVERYTHING, roles="sales-director") as api,
        caller(service, sessions, EVERYTHING, OTHER_TENANT, "bert") as stranger,
        caller(service, sessions, READING) as reader,
        caller(service, sessions, WRITING) as writer,
    ):
        maker = Maker(service, api)
        made = Made(subject, sessions, maker, api, stranger, reader, writer)
        await made.fill()
        yield made


@pytest.fixture
async def made(prepared: Made) -> AsyncIterator[Made]:
    async with undone(prepared.sessions):
        yield prepared
