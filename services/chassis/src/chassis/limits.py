"""Limits of requests a minute per client and per tenant, in one process of the API.

The windows slide, so a burst at a window boundary is limited too. Each process counts separately: `n` processes behind
a load balancer allow `n` times as many. Deliveries through the port are not counted: the gateway limits them itself.
"""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from localisation import Counted

from chassis.auth import Principal
from chassis.errors import Problem


class TooManyRequests(Problem):
    status = 429
    code = "too-many-requests"
    title = "Too many requests"
    detail = Counted(
        "{who} may make {limit} request a minute.", "{who} may make {limit} requests a minute.", by="limit"
    )
    hint = (
        "Wait the number of seconds in `Retry-After`, and send fewer requests; `:batch` writes up to 200 records "
        "in one."
    )


class Rates:
    """The limits of one process; None is no limit."""

    def __init__(self, client_per_minute: int | None, tenant_per_minute: int | None) -> None:
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._client = RateLimitItemPerMinute(client_per_minute) if client_per_minute else None
        self._tenant = RateLimitItemPerMinute(tenant_per_minute) if tenant_per_minute else None

    def take(self, caller: Principal) -> None:
        """Count one request. Raises `TooManyRequests`; a refused request does not count for the tenant."""
        if self._client:
            self._take(self._client, "A client", "client", str(caller.tenant), caller.issuer, caller.subject)
        if self._tenant:
            self._take(self._tenant, "All clients of a tenant together", "tenant", str(caller.tenant))

    def count(self, per_minute: int, who: str, *key: str) -> None:
        """Count one request of callers without a token. Raises `TooManyRequests`."""
        self._take(RateLimitItemPerMinute(per_minute), who, *key)

    def _take(self, limit: RateLimitItem, who: str, *key: str) -> None:
        if self._counts.hit(limit, *key):
            return
        problem = TooManyRequests(who=who, limit=limit.amount)
        wait_seconds = self._counts.get_window_stats(limit, *key).reset_time - time.time()
        problem.headers["Retry-After"] = str(max(1, math.ceil(wait_seconds)))
        raise problem
