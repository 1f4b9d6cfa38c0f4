"""What a business module adds to its service, and a service made of modules.

MODULE = Module(records=(WAREHOUSES,), routers=routers, tasks=handlers.tasks)     # a module's `__init__.py`
MODULES = (customers.MODULE, contacts.MODULE)                                     # an area's `__init__.py`
SERVICE = service((*parties.MODULES, *sales.MODULES), name="crm", ...)            # `wiring.py` of a service
"""

from modules.assembly import service, targets_of
from modules.module import Module

__all__ = ["Module", "service", "targets_of"]
