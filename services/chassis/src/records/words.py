"""Finding records by the beginnings of words, through an index.

PostgreSQL uses no index for `@@` under row-level security, because the operator is not leakproof. So the function
`found_by_words`, which belongs to the owner of the tables, searches the rows of the current tenant. The tenant is a
word of each row: the index reads no rows of others. When more than `MOST` rows match, rows are compared one by one in
the order of the list instead: its page is filled after a few of them.
"""

from typing import Any

from contracts.normalise import name_key
from sqlalchemy import ARRAY, ColumnElement, Index, Uuid, any_, func, literal, literal_column, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

MOST = 2000
"""The limit of rows found by the index. A page of a list with more matches is filled faster without it."""

INDEXED = "(to_tsvector('simple'::regconfig, {0}search) || array_to_tsvector(ARRAY[{0}tenant_id::text]))"


def word_index(table: str) -> Index:
    """The index of a table whose column `search` contains normalised words."""
    return Index(f"ix_{table}_words", text(INDEXED.format("")), postgresql_using="gin")


async def by_words(session: AsyncSession, row: Any, typed: str) -> ColumnElement[bool]:
    """Rows that have, for each typed word, a word that begins with it; all rows when no word was typed."""
    words = name_key(typed).split()
    if not words:
        return true()
    query = " & ".join(f"{word}:*" for word in words)
    if all(word.isdecimal() for word in words):  # A phone number may be typed with spaces in any place.
        query = f"({query}) | {''.join(words)}:*"
    found = await session.scalar(select(func.found_by_words(row.__tablename__, query, MOST)))
    if found is None:
        # The indexed expression has statistics, by which the planner selects the order of the list.
        compared: ColumnElement[bool] = literal_column(INDEXED.format(f"{row.__tablename__}.")).bool_op("@@")(
            func.to_tsquery("simple", query)
        )
        return compared
    return row.id == any_(literal(found, ARRAY(Uuid())))  # type: ignore[no-any-return]  # The row is any table's.
