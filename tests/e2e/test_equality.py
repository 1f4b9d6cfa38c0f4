"""The measure itself: what differs behind the services' backs is found."""

from uuid import UUID

import pytest
from stack.services import Stack

from .clients import Company
from .database import as_administrator
from .equality import differences, equal


@pytest.mark.parametrize(
    ("group", "change"),
    [
        ("website", "website = 'https://other.example'"),
        ("tag:vip", "tags = '{vip}'"),
        ("name", "name = name || '.'"),
        ("life", "archived_at = now()"),
        ("is missing in the erp", "canonical_id = null"),
    ],
)
async def test_what_was_changed_without_the_services_is_found(
    stack: Stack, company: Company, group: str, change: str
) -> None:
    _, theirs = company.customer_on_both(website="https://alfreds.example")
    assert equal(company) == 1
    async with as_administrator(stack, "erp") as database:
        update = f"update customers set {change} where id = $1"  # noqa: S608  (constants only)
        await database.execute(update, UUID(theirs["id"]))
    assert any(group in line for line in differences(company, "customer"))
