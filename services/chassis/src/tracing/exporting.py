"""OpenTelemetry's SDK: sampled spans are collected and sent in batches, by a thread of its own."""

from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Tracer

EXPORT_SECONDS = 3.0
"""The timeout of an export: a collector that does not answer delays the end of a process by this time."""


def tracer(endpoint: str, service: str, ratio: float, headers: Mapping[str, str]) -> Tracer:
    """What records spans and exports them; the rest is exported when the process ends."""
    resource = Resource({"service.name": f"concord-{service}", "service.namespace": "concord"})
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(ratio), resource=resource)
    address = f"{endpoint.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=address, headers=dict(headers), timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer("concord")
