"""Everything that a session holds, written by one statement.

SQLAlchemy's flush sends a statement for each table, and costs several times more than its statements. `save` writes the
same rows in one round trip: each table's rows are one JSON argument of a data-modifying CTE. What it does not cover
(deletes, inheritance, SQL expressions as values, ...) is left to the flush. `append` adds rows without entities. It
knows nothing of our tables.
"""

from saving.appended import append, unwritten
from saving.driver import driver_of, translated
from saving.opening import first
from saving.save import save
from saving.tables import Table, table_of

__all__ = ["Table", "append", "driver_of", "first", "save", "table_of", "translated", "unwritten"]
