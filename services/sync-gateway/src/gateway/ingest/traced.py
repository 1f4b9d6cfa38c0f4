"""The spans of merges: each event is merged in the trace of its edit, and what the merge causes is below its span."""

from collections.abc import Iterable

import tracing
from opentelemetry.trace import Span, SpanKind

from gateway.ingest.incoming import Incoming


def merging(batch: list[Incoming]) -> tuple[list[Incoming], list[Span]]:
    """The events as causes below their own spans, and those spans. A span that `merged` never ends is not exported."""
    if not tracing.is_on():
        return batch, []
    below, spans = [], []
    for incoming in batch:
        told = {"kind": incoming.event.kind, "system": incoming.event.system}
        span = tracing.begin(f"merge {incoming.event.kind}", SpanKind.CONSUMER, incoming.traceparent, told)
        if span is None:
            below.append(incoming)
        else:
            spans.append(span)
            below.append(incoming._replace(traceparent=tracing.header_of(span)))
    return below, spans


def merged(spans: Iterable[Span]) -> None:
    """End the spans after the commit."""
    for span in spans:
        span.end()
