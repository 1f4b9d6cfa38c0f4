"""How many requests a client and a tenant may make in a minute, in one process of the API.

Windows slide, so no two of them let twice as many through. Each process counts alone: with `n` processes behind a load
balancer, `n` times as many pass. Deliveries by the port are the gateway's, which bounds them itself; they are not
counted.
"""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from chassis.auth import Principal
from chassis.errors import Problem


class TooManyRequests(Problem):
    status = 429
    code = "too-many-requests"
    title = "Too many requests"
    detail = "{who} may make {limit} requests a minute."
    hint = "Wait for the seconds in `Retry-After`, and spread the requests; `:batch` writes up to 200 records in one."


class Rates:
    """The limits of one process; None is no limit."""

    def __init__(self, client_per_minute: int | None, tenant_per_minute: int | None) -> None:
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._client = RateLimitItemPerMinute(client_per_minute) if client_per_minute else None
        self._tenant = RateLimitItemPerMinute(tenant_per_minute) if tenant_per_minute else None

    def take(self, caller: Principal) -> None:
        """Count one request. Raise `TooManyRequests`; a request that is refused does not count for the tenant."""
        if self._client:
            self._take(self._client, "A client", "client", str(caller.tenant), caller.issuer, caller.subject)
        if self._tenant:
            self._take(self._tenant, "All clients of a tenant together", "tenant", str(caller.tenant))

    def _take(self, limit: RateLimitItem, who: str, *key: str) -> None:
        if self._counts.hit(limit, *key):
            return
        problem = TooManyRequests(who=who, limit=limit.amount)
        wait_seconds = self._counts.get_window_stats(limit, *key).reset_time - time.time()
        problem.headers["Retry-After"] = str(max(1, math.ceil(wait_seconds)))
        raise problem
