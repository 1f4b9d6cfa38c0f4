"""What the processes tell about themselves: JSON logs, metrics, and a trace that survives outbox and Kafka.

A request brings its correlation id and trace; `relayed` carries both into what it causes. One search finds
the request, the event, the merge and the delivery.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from secrets import token_hex
from typing import Any

import structlog
from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

OUTBOX_PENDING = Gauge("outbox_pending", "Events that wait for the broker")
OUTBOX_PARKED = Gauge("outbox_parked", "Events that the broker refuses for good")
OUTBOX_OLDEST_AGE_SECONDS = Gauge("outbox_oldest_age_seconds", "Age of the oldest event that waits")
OUTBOX_RELAYED = Counter("outbox_relayed", "Events that the broker has acknowledged")
CONSUMER_LAG = Gauge("consumer_lag", "Messages not processed yet", ["topic", "partition"])
CONSUMER_OFFSET = Gauge("consumer_offset", "Position of the last message processed", ["topic", "partition"])
EVENTS_MERGED = Counter(
    "events_merged", "Events that the hub has dealt with, by what became of them", ["outcome"]
)
CLOCKS_CLAMPED = Counter("clocks_clamped", "Events whose clock was more than 60 s ahead, and set back")
DECISIONS = Counter("decisions", "Conflicts decided", ["kind", "rule"])
PARKED = Gauge("parked", "Groups that wait for a person's choice", ["kind"])
REJECTED = Gauge("rejected", "Deliveries that a system refuses", ["system"])
WAITING = Gauge("waiting", "Deliveries that wait for another record", ["system"])
QUARANTINED = Gauge("quarantined", "Messages that could not be read")
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
_tracer = trace.get_tracer("chassis")
_propagator = TraceContextTextMapPropagator()


def configure_logs(level: str) -> None:
    """One JSON object a line on standard output, for our log calls and those of libraries alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("aiokafka", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _add_trace(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (known := correlation_id.get()) is not None:
        event.setdefault("correlation_id", known)
    if (span := trace.get_current_span().get_span_context()).is_valid:
        event.setdefault("trace_id", f"{span.trace_id:032x}")
    return event


def exports_spans() -> bool:
    """Whether this process is told where to send its spans."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def export_spans(service: str) -> None:
    """Send spans to `OTEL_EXPORTER_OTLP_ENDPOINT`, if it is set."""
    if not exports_spans():
        return
    try:
        exporters = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError:
        raise SystemExit("OTEL_EXPORTER_OTLP_ENDPOINT is set: install concord-chassis[tracing].") from None
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(exporters.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def traceparent() -> str | None:
    """The W3C header of where we are, to send along; None outside any trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def adopted(*, parent: str | None = None, correlation: str | None = None) -> Iterator[None]:
    """Run below the trace of `parent` and under its correlation id.

    Without a (readable) parent it goes on where we are, or starts a trace of its own.
    """
    below = _propagator.extract({"traceparent": parent}) if parent else context.get_current()
    if not trace.get_current_span(below).get_span_context().is_valid:
        below = trace.set_span_in_context(NonRecordingSpan(_new_trace()), below)
    token = context.attach(below)
    previous = correlation_id.set(correlation or correlation_id.get() or token_hex(16))
    try:
        yield
    finally:
        correlation_id.reset(previous)
        context.detach(token)


@contextmanager
def relayed(name: str, *, parent: str | None = None, correlation: str | None = None) -> Iterator[trace.Span]:
    """Work that a request, an event or a delivery caused: a span of its own below `parent`."""
    with adopted(parent=parent, correlation=correlation), _tracer.start_as_current_span(name) as span:
        yield span


def _new_trace() -> SpanContext:
    trace_id, span_id = int(token_hex(16), 16), int(token_hex(8), 16)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
