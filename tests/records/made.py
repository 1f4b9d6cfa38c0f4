"""The rows of one record that a test finds, and who asks for them."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from chassis.db import Sessions

from .examples import Json, Maker, key_of, shown
from .subjects import Subject

ROWS = 3


@dataclass(repr=False)  # Its text would be megabytes, and asyncio makes that of whatever a fixture returns.
class Made:
    """`rows` are answers for rows that are there. `stranger` is of another tenant, `writer` may not read."""

    subject: Subject
    sessions: Sessions
    maker: Maker
    api: httpx.AsyncClient
    stranger: httpx.AsyncClient
    reader: httpx.AsyncClient
    writer: httpx.AsyncClient
    rows: list[Json] = field(default_factory=list)

    @property
    def record(self) -> Any:
        return self.subject.record

    @property
    def path(self) -> str:
        return self.subject.record.path

    @property
    def row(self) -> Json:
        """The row that is read and changed. Not the first: that is the default one of some records."""
        return self.rows[-1]

    @property
    def item(self) -> str:
        """The address of the row."""
        return f"{self.path}/{self.row['id']}"

    @property
    def tag(self) -> dict[str, str]:
        """The header of who has seen the row."""
        return {"If-Match": f'"{self.row["version"]}"'}

    async def fill(self) -> None:
        for number in range(ROWS):
            self.rows.append(await self.maker.make(self.subject.record.name, number))

    async def another(self) -> Json:
        """A body that creates one more row."""
        return await self.maker.body(self.record, ROWS)

    async def listed(self, client: httpx.AsyncClient | None = None, /, **parameters: Any) -> list[str]:
        """The keys of a list that fits into one page."""
        page = shown(await (client or self.api).get(self.path, params={"limit": "200", **parameters}))
        assert page["next"] is None
        return [key_of(row) for row in page["items"]]
