"""Outbound topics: a tenant publishes kinds of records to topics of its own, for third parties on Kafka."""

from outbound.handlers import tasks
from outbound.routes import router

__all__ = ["router", "tasks"]
