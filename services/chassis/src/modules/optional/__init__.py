"""Modules that a tenant turns off and on. Only the doors close: what is delivered to a module is stored as ever."""

from modules.optional.options import OptionalModules
from modules.optional.routes import modules_router

__all__ = ["OptionalModules", "modules_router"]
