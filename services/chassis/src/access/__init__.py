"""Who may do what: roles, their assignment to people, API keys of machines, and what a caller's token permits."""

from access.api_keys.models import ENDED_KEYS
from access.callers import Callers, authenticator
from access.colleagues import Colleagues, nobody
from access.limits import Limit
from access.routes import routers

__all__ = ["ENDED_KEYS", "Callers", "Colleagues", "Limit", "authenticator", "nobody", "routers"]
