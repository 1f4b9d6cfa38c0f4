"""The spans of deliveries: each item is sent in the trace of its edit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tracing
from opentelemetry.trace import Span, SpanKind

from gateway.deliver.batches import Batch


@contextmanager
def calls(system: str, batch: Batch) -> Iterator[list[dict[str, Any]]]:
    """The bodies of the items, each below its own span. The call itself has the first of them as its parent."""
    bodies = [item.body for item in batch.items]
    if not tracing.is_on():
        yield bodies
        return
    told: tracing.Attributes = {"kind": batch.kind, "system": system, "items": len(bodies)}
    spans = [tracing.begin(f"deliver {batch.kind}", SpanKind.CLIENT, body.get("traceparent"), told) for body in bodies]
    begun = [span for span in spans if span is not None]
    try:
        with tracing.within(next(iter(begun), None)):
            yield [_below(span, body) for span, body in zip(spans, bodies, strict=True)]
    except Exception as error:
        for span in begun:
            tracing.fail(span, error)
        raise
    finally:
        for span in begun:
            span.end()


def _below(span: Span | None, body: dict[str, Any]) -> dict[str, Any]:
    return body if span is None else {**body, "traceparent": tracing.header_of(span)}
