"""The audit log of a service: chained by its worker, verified on the command line, read over HTTP.

`chassis.audit` notes the acts.
"""

from audit.exports import exporting
from audit.handlers import tasks
from audit.routes import router

__all__ = ["exporting", "router", "tasks"]
