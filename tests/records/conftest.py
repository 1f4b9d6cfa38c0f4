"""Three rows of each record, made once for all tests of the record; what a test does to them is undone."""

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
    """Databases of the suite's own: the rows of a record are locked until its last test."""
    return {each.name: database(each.name, each.metadata, each.versions, "records") for each in (CRM, ERP)}


@pytest.fixture(scope="session")  # Pytest runs all tests of one record after each other, whatever their file.
async def prepared(request: pytest.FixtureRequest, addresses: dict[str, str]) -> AsyncIterator[Made]:
    subject = request.param
    service = subject.service
    async with (
        rolled_back(addresses[service.name], service.name) as sessions,
        caller(service, sessions, EVERYTHING, roles="sales-director") as api,
        caller(service, sessions, EVERYTHING, OTHER_TENANT, "bert") as stranger,
        caller(service, sessions, READING) as reader,
        caller(service, sessions, WRITING) as writer,
    ):
        maker = Maker(service, api, sessions)
        made = Made(subject, sessions, maker, api, stranger, reader, writer)
        await made.fill()
        yield made


@pytest.fixture
async def made(prepared: Made) -> AsyncIterator[Made]:
    async with undone(prepared.sessions):
        yield prepared
