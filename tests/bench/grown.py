"""Large tables in seconds: set-based statements copy rows of templates, each with an id and a word of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

COPIES = """
    drop table if exists copies;
    create temporary table copies as
    select template, mark, id, local_id, at,
        translate(left(replace(local_id::text, '-', ''), 12), '0123456789', 'ghijklmnop') as word
    from (
        select template, mark, uuidv7() as id, gen_random_uuid() as local_id,
            now() - row_number() over () * interval '1 second' as at
        from templates cross join generate_series(1, {times}) limit {rows}
    );
    create index on copies (template);
    analyze copies
"""
COLUMNS = "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
INDEXES = """
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid = $1::regclass and not indisunique
"""
FASTER = """
    set session_replication_role = replica;
    set maintenance_work_mem = '512MB';
    set synchronous_commit = off
"""
"""No checks of references: templates were entered through the product, and copies refer to nothing else."""


@dataclass(frozen=True)
class Grown:
    """Tables of one database, filled by some connections at once.

    `changes` are, by table and column, what a copy has instead of its template's value. An expression may use `t`, the
    template's row, and `c`: `c.id`, `c.local_id`, `c.at`, and `c.word`, twelve letters that nothing else has; `c.mark`
    is the word of the template. `key` is each table's column with the template's id.
    """

    connections: Sequence[asyncpg.Connection]
    changes: Mapping[str, Mapping[str, str]]
    key: str
    columns: dict[str, Sequence[str]] = field(default_factory=dict)

    async def keep_templates(self, marks: str) -> None:
        """Keep all rows as they are now. `marks` selects the template's id and its word."""
        for connection in self.connections:
            await connection.execute(FASTER)
            await connection.execute(f"create temporary table templates as {marks}")
            for table in self.changes:
                await connection.execute(f"create temporary table template_{table} as table {table}")
                found = await connection.fetch(COLUMNS, f"template_{table}")
                self.columns[table] = [each["attname"] for each in found]

    async def add(self, rows: int) -> None:
        """Add so many copies of the templates, in turn. Secondary indexes are built again afterwards."""
        first = self.connections[0]
        shares = [rows // len(self.connections)] * len(self.connections)
        shares[0] += rows - sum(shares)
        await asyncio.gather(*map(self._choose, self.connections, shares))
        for table in self.changes:
            indexes = await _dropped_indexes(first, table)
            await asyncio.gather(*(self._copy(each, table) for each in self.connections))
            for definition in indexes:
                await first.execute(definition)
            await first.execute(f"vacuum analyze {table}")
        await first.execute("checkpoint")

    async def _choose(self, connection: asyncpg.Connection, rows: int) -> None:
        templates = await connection.fetchval("select count(*) from templates")
        await connection.execute(COPIES.format(times=rows // templates + 1, rows=rows))

    async def _copy(self, connection: asyncpg.Connection, table: str) -> None:
        changes, columns = self.changes[table], self.columns[table]
        values = ", ".join(changes.get(column, f"t.{column}") for column in columns)
        source = f"copies c join template_{table} t on t.{self.key} = c.template"
        statement = f"insert into {table} ({', '.join(columns)}) select {values} from {source}"  # noqa: S608 - our own expressions.
        await connection.execute(statement)


async def _dropped_indexes(connection: asyncpg.Connection, table: str) -> list[str]:
    """Drop the indexes that no constraint needs. Return the statements that build them again."""
    found = await connection.fetch(INDEXES, table)
    for each in found:
        await connection.execute(f"drop index {each['name']}")
    return [each["definition"] for each in found]
