"""Templates of documents: ours, and what a tenant uses in their place, in versions.

A document that was sent or issued is printed with the template of that moment, now and later.
"""

from templates.printing import Template, printed
from templates.routes import templates_router

__all__ = ["Template", "printed", "templates_router"]
