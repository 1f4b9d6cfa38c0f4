"""A fake service: answers /readyz as the real one, and has the same verbs."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

NEEDED = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "AUTH_ISSUERS", "AUTH_AUDIENCE", "HOST")


class Ready(BaseHTTPRequestHandler):
    """Answers 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def main() -> None:
    """Serve until SIGTERM; `migrate` ends at once."""
    _, verb = sys.argv[1:]
    if os.environ.get("FAKE_FAILS") == verb:
        sys.exit(f"the fake refuses to {verb}")
    if verb == "migrate":
        return
    if verb != "serve" and (missing := [name for name in NEEDED if name not in os.environ]):
        sys.exit(f"missing: {missing}")
    port = os.environ["PORT"] if verb in ("api", "serve") else os.environ["METRICS_PORT"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        HTTPServer(("127.0.0.1", int(port)), Ready).serve_forever()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
