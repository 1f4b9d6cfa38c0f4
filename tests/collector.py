"""A test double of a collector of traces: takes OTLP by HTTP and keeps the spans."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Recorded:
    """A span as it was exported."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: Mapping[str, str]


class Collector:
    """The spans that were exported to `address`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()

    def take(self, body: bytes) -> None:
        """Keep a request's body."""
        with self._lock:
            self.bodies.append(body)

    def spans(self) -> list[Recorded]:
        """All spans so far."""
        with self._lock:
            bodies = list(self.bodies)
        return [span for body in bodies for span in decoded(body)]


def decoded(body: bytes) -> Iterator[Recorded]:
    """The spans of an export request."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Recorded(
                    names["service.name"],
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    {each.key: str(each.value) for each in span.attributes},
                )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield collector
    server.shutdown()
    server.server_close()
