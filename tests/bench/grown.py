"""Large tables in seconds: set-based statements copy rows of templates, each with an id and a word of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

COPIES = """
    create temporary table copies as
    select template, mark, uuidv7() as id, gen_random_uuid() as local_id, now() - number * interval '1 second' as at
    from (select template, mark, row_number() over () as number from templates cross join generate_series(1, $1 + 1))
    limit $2
"""
WORDS = """
    alter table copies add column word text;
    update copies set word = translate(left(replace(local_id::text, '-', ''), 12), '0123456789', 'ghijklmnop');
    create index on copies (template);
    analyze copies
"""
FASTER = """
    set session_replication_role = replica;
    set maintenance_work_mem = '512MB';
    set synchronous_commit = off
"""
"""No checks of references: templates were entered through the product, and copies refer to nothing else."""


@dataclass(frozen=True)
class Grown:
    """Tables of one database. `changes` are, by table and column, what a copy has instead of its template's value.

    An expression may use `t`, the template's row, and `c`: `c.id`, `c.local_id`, `c.at`, and `c.word`, twelve letters
    that nothing else has; `c.mark` is the word of the template. `key` is each table's column with the template's id.
    """

    connection: asyncpg.Connection
    changes: Mapping[str, Mapping[str, str]]
    key: str
    columns: dict[str, Sequence[str]] = field(default_factory=dict)

    async def keep_templates(self, marks: str) -> None:
        """Keep all rows as they are now. `marks` selects the template's id and its word."""
        await self.connection.execute(FASTER)
        await self.connection.execute(f"create temporary table templates as {marks}")
        for table in self.changes:
            await self.connection.execute(f"create temporary table template_{table} as table {table}")
            found = await self.connection.fetch(
                "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped",
                f"template_{table}",
            )
            self.columns[table] = [each["attname"] for each in found]

    async def add(self, rows: int) -> None:
        """Add so many copies of the templates, in turn. Secondary indexes are built again afterwards."""
        templates = await self.connection.fetchval("select count(*) from templates")
        await self.connection.execute("drop table if exists copies")
        await self.connection.execute(COPIES.replace("$1", str(rows // templates)).replace("$2", str(rows)))
        await self.connection.execute(WORDS)
        for table, changes in self.changes.items():
            indexes = await self._drop_indexes(table)
            values = ", ".join(changes.get(column, f"t.{column}") for column in self.columns[table])
            into = f"insert into {table} ({', '.join(self.columns[table])})"
            source = f"copies c join template_{table} t on t.{self.key} = c.template"
            await self.connection.execute(f"{into} select {values} from {source}")  # noqa: S608 - our own expressions.
            for definition in indexes:
                await self.connection.execute(definition)
            await self.connection.execute(f"vacuum analyze {table}")
        await self.connection.execute("checkpoint")

    async def _drop_indexes(self, table: str) -> list[str]:
        """Drop what no constraint needs; the statements that build it again."""
        found = await self.connection.fetch(
            "select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index"
            " where indrelid = $1::regclass and not indisunique",
            table,
        )
        for each in found:
            await self.connection.execute(f"drop index {each['name']}")
        return [each["definition"] for each in found]
