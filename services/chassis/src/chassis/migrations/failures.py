"""What to do after a failed migration, by its error."""

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

WHAT_TO_DO = {
    "28": "The database refuses this login. Check user and password in DATABASE_URL.",
    "3D": "There is no such database. Create it, or check the name in DATABASE_URL.",
    "42501": "This login may not do that. Run `migrate` with the login that ran it first.",
    "53": "The database is out of connections, memory or disk. Free some, and run `migrate` again.",
    "55P03": "A table is in use, or another `migrate` is running. End long transactions, and run `migrate` again.",
    "57": "The database is starting or stopping. Run `migrate` again in a moment.",
    "08": "The connection broke. Run `migrate` again.",
}
BY_DEFAULT = (
    "The failed version was rolled back; all versions before it are kept. Correct what the error names, and run "
    "`migrate` again."
)
UNKNOWN_VERSION = (
    "The database is at a version that this code does not know, so it is newer. Start the newer code; to go back, "
    "restore the backup that was made before its `migrate`."
)


def explained(error: Exception) -> str:
    """The error in one line, and what to do in the next; without a traceback, which would show addresses and values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    return f"{words}\n{_what_to_do(error, str(getattr(cause, 'sqlstate', None) or ''))}"


def _what_to_do(error: Exception, state: str) -> str:
    if isinstance(error, CommandError):
        return UNKNOWN_VERSION if "Can't locate revision" in str(error) else BY_DEFAULT
    if isinstance(error, OSError):
        return "The database cannot be reached. Check that it runs, and host and port in DATABASE_URL."
    return WHAT_TO_DO.get(state) or WHAT_TO_DO.get(state[:2]) or BY_DEFAULT
