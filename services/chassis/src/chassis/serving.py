"""Serving a REST API by one process, or by several that share a port (`WORKERS`)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from adjustments.garbage import collect_seldom
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest, multiprocess

from chassis.settings import Settings

STOP_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
"""Longer than proxies (60 s) and HTTP clients keep an idle connection: the server must not close one that a client is
about to use."""
METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which processes that share a port store their metrics, so that each answers for all. The client library
reads this variable."""

SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of <sys/prctl.h>."""


def serve(settings: Settings, application: Callable[[], FastAPI], name: str) -> None:
    """Serve until a signal arrives. `name` is the import path of `application` for several processes."""
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_graceful_shutdown": STOP_SECONDS,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    }
    if settings.workers == 1:
        # uvicorn stops cleanly and then repeats the signal, which would look like a crash to the parent process.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        app = application()
        collect_seldom()
        uvicorn.run(app, **options)
        return
    with TemporaryDirectory() as folder:
        os.environ[METRICS] = folder
        uvicorn.run(name, factory=True, workers=settings.workers, **options)


def end_with_parent() -> None:
    """End this process when its parent is killed; otherwise it would keep the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def metrics() -> bytes:
    """The metrics of this process, or of all that share its port, in Prometheus' text format."""
    if METRICS not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library is partly typed
    return generate_latest(registry)
