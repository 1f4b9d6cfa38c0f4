"""Files attached to records: stored by `obstore` in a folder or an object store, streamed in and out.

A row is committed after its object was stored. An object without a row has a row of `unused_objects` from before it was
stored, by which the worker removes it.
"""

from files.cleaning import tasks
from files.routes import attached
from files.settings import FileSettings

__all__ = ["FileSettings", "attached", "tasks"]
