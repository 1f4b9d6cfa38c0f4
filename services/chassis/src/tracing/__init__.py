"""Spans of what a request causes, in all processes that it passes, exported by OTLP (HTTP, protobuf).

Off unless `start` was called; then each function here returns at once. The provider is not registered with
OpenTelemetry's API, so that no library records spans of its own. Attributes name operations, systems, kinds and
outcomes: no value of a record, no address of a request and no text of an error is one of them.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from secrets import randbits

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

FAILED = 500
Attributes = Mapping[str, str | int]
_propagator = TraceContextTextMapPropagator()


class _Here:
    """What records the spans of this process."""

    tracer: Tracer | None = None


_here = _Here()


def start(endpoint: str, service: str, ratio: float, headers: Mapping[str, str]) -> None:
    """Record spans from now on, and export them to the collector at `endpoint` until the process ends.

    `ratio` is the part of the traces recorded that begin here; for others their beginning has decided.
    """
    # Processes that record nothing do not load the SDK and its exporter: 5 MiB and 0.1 s.
    _here.tracer = import_module("tracing.exporting").tracer(endpoint, service, ratio, headers)


def is_on() -> bool:
    """Whether this process records spans."""
    return _here.tracer is not None


def header_of(span: Span) -> str:
    """The W3C `traceparent` of a span."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier["traceparent"]


def header() -> str | None:
    """The W3C `traceparent` of the current span, for calls and events; None outside any trace."""
    span = trace.get_current_span()
    return header_of(span) if span.get_span_context().is_valid else None


def kept(parent: str | None) -> str | None:
    """The parent if this process records what is below it, else None."""
    return parent if _here.tracer is not None and _below(parent) is not None else None


def below(parent: str | None) -> Context:
    """The context of the effects of `parent`. Without a readable one it is the current trace, or a new one.

    A trace that begins where no spans are recorded is marked as not sampled.
    """
    found = _propagator.extract({"traceparent": parent}) if parent else context.get_current()
    if _here.tracer is None and not trace.get_current_span(found).get_span_context().is_valid:
        begun = SpanContext(randbits(128), randbits(64), is_remote=True, trace_flags=TraceFlags(0))
        return trace.set_span_in_context(NonRecordingSpan(begun), found)
    return found


def serving(method: str) -> AbstractContextManager[None]:
    """The span of a request, as the current one; `served` names it."""
    return nullcontext() if _here.tracer is None else _serving(_here.tracer, method)


@contextmanager
def _serving(tracer: Tracer, method: str) -> Iterator[None]:
    with tracer.start_as_current_span(
        method, kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
    ):
        yield


def served(method: str, operation: str, status: int) -> None:
    """Say of the current span which operation it was and what was answered."""
    if _here.tracer is None:
        return
    span = trace.get_current_span()
    span.update_name(f"{method} {operation}")
    span.set_attributes({"http.request.method": method, "http.response.status_code": status, "operation": operation})
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def begin(name: str, kind: SpanKind, parent: str | None, attributes: Attributes) -> Span | None:
    """A span below `parent`, which the caller ends; None where that trace is not recorded."""
    found = _below(parent)
    if _here.tracer is None or found is None:
        return None
    return _here.tracer.start_span(name, found, kind, attributes)


def record(name: str, kind: SpanKind, parent: str | None, began: int, attributes: Attributes) -> None:
    """A span below `parent` from `began` (`time.time_ns()`) until now."""
    found = _below(parent)
    if _here.tracer is not None and found is not None:
        _here.tracer.start_span(name, found, kind, attributes, start_time=began).end()


def within(span: Span | None) -> AbstractContextManager[object]:
    """Calls carry this span as their parent."""
    if span is None:
        return nullcontext()
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed. Of the error only its class is told: its text may contain values."""
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def _below(parent: str | None) -> Context | None:
    if _here.tracer is None or parent is None:
        return None
    found = _propagator.extract({"traceparent": parent})
    return found if trace.get_current_span(found).get_span_context().trace_flags.sampled else None
