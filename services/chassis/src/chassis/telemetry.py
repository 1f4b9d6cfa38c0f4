"""Telemetry of the processes: JSON logs, metrics, and a trace that is carried through outbox and Kafka.

A request has a correlation id and a trace; `relayed` passes both on to its effects. One search finds the request, the
event, the merge and the delivery.
"""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from secrets import token_hex
from typing import Any

import structlog
import tracing
from adjustments.log_values import without_values
from opentelemetry import context, trace
from prometheus_client import Counter, Gauge, Histogram

OUTBOX_PENDING = Gauge("outbox_pending", "Events that wait for the broker")
OUTBOX_PARKED = Gauge("outbox_parked", "Events that the broker refuses for good")
OUTBOUND_FAILING = Gauge("outbound_failing", "Outbound topics of tenants whose last attempt failed")
DEPRECATED_CALLS = Counter("deprecated_calls", "Requests of deprecated operations", ["operation", "client"])
OUTBOX_OLDEST_AGE_SECONDS = Gauge("outbox_oldest_age_seconds", "Age of the oldest waiting event")
OUTBOX_RELAYED = Counter("outbox_relayed", "Events that the broker has acknowledged")
OUTBOX_RESENT = Counter("outbox_resent", "Events that were resent on request or because the broker lost its log")
BROKER_REACHABLE = Gauge("broker_reachable", "1 while the broker answers, 0 while it is unavailable", ["task"])
TASK_FAILURES = Counter("task_failures", "Failures of a worker's tasks, and of the resources they need", ["task"])
CONSUMER_LAG = Gauge("consumer_lag", "Messages not processed yet", ["topic", "partition"])
CONSUMER_OFFSET = Gauge("consumer_offset", "Position of the last message processed", ["topic", "partition"])
EVENTS_MERGED = Counter("events_merged", "Events that the hub has processed, by outcome", ["outcome"])
CLOCKS_CLAMPED = Counter("clocks_clamped", "Events whose clock was more than 60 s ahead, and was corrected")
DECISIONS = Counter("decisions", "Conflicts decided", ["kind", "rule"])
PARKED = Gauge("parked", "Groups that wait for a person's decision", ["kind"])
REJECTED = Gauge("rejected", "Deliveries that a system refuses", ["system"])
PENDING = Gauge("pending", "Deliveries that are due", ["system"])
PENDING_OLDEST_AGE_SECONDS = Gauge("pending_oldest_age_seconds", "Age of the oldest delivery that is due", ["system"])
PAUSED = Gauge("paused", "Whether a system is paused for all tenants", ["system"])
AWAY = Gauge("away", "Whether a system does not answer", ["system"])
UNREAD = Gauge("unread", "Messages that are not read yet", ["system"])
UNREAD_OLDEST_AGE_SECONDS = Gauge("unread_oldest_age_seconds", "Age of the oldest message not read yet", ["system"])
WAITING = Gauge("waiting", "Deliveries that wait for another record", ["system"])
GOLDEN_UNFIT = Counter("golden_unfit", "Records not published because they do not fit their schema", ["kind"])
QUARANTINED = Gauge("quarantined", "Messages in quarantine")
PERSONAL_EXPORTS = Counter("personal_exports", "Exports of personal data", ["record"])
COMMIT_TO_VISIBLE_SECONDS = Histogram(
    "commit_to_visible_seconds",
    "From the commit of an edit in one system to its commit in another",
    ["system"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
HTTP_REQUEST_SECONDS = Histogram(
    "http_request_seconds",
    "Duration of requests",
    ["method", "operation", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")


def configure_logs(level: str) -> None:
    """One JSON object a line on standard output, for our log calls and those of libraries."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
        without_values,
        structlog.processors.format_exc_info,
    ]
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It reports each failed connection to an unavailable broker as an error; `bus.Reach` logs the begin and the end.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def add_trace(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add correlation id and trace to a log line, unless the line sets a correlation id."""
    if (known := correlation_id.get()) is not None:
        event.setdefault("correlation_id", known)
    if (span := trace.get_current_span().get_span_context()).is_valid:
        event.setdefault("trace_id", f"{span.trace_id:032x}")
    return event


def readable_correlation_id(sent: str | None) -> str | None:
    """A correlation id from outside, or None when it is too long or contains more than letters, digits and `._:-`."""
    return sent if sent and _CORRELATION_ID.fullmatch(sent) else None


def traceparent() -> str | None:
    """The W3C header of the current span, for outgoing calls; None outside any trace."""
    return tracing.header()


@contextmanager
def relayed(parent: str | None = None, correlation: str | None = None) -> Iterator[None]:
    """Run the effects of a request, an event or a delivery: in the trace of `parent`, under its correlation id.

    Without a (readable) parent it continues the current trace, or starts a new one.
    """
    token = context.attach(tracing.below(parent))
    previous = correlation_id.set(correlation or correlation_id.get() or token_hex(16))
    try:
        yield
    finally:
        correlation_id.reset(previous)
        context.detach(token)
