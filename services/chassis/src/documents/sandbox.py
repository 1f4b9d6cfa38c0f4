"""A tenant's template becomes a PDF in a process of its own, which can open no file and no connection.

The process has limits on processor time and memory. It loads the fonts that the data needs with a template of ours,
before it gives up the right to open files (`RLIMIT_NOFILE`, setrlimit(2)).
"""

import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import Any

import orjson
from chassis.errors import Malformed
from localisation import Phrase

SECONDS, CPU_SECONDS, MEMORY_BYTES = 15, 5, 1 << 30
MOST_BYTES = 10 << 20
AT_ONCE = BoundedSemaphore(2)


class TemplateFails(Malformed):
    code = "template-fails"
    title = "The template cannot be printed"
    hint = "Correct the template at the line that is named, and try it: POST /v1/document-templates/{kind}/preview."


def printed(template: str, data: Mapping[str, Any], dated: date | None = None) -> bytes:
    """The PDF of a template that is not ours. Raises `TemplateFails` with Typst's message. Call it in a thread."""
    asked = orjson.dumps({"template": template, "data": data, "dated": dated, "cpu_seconds": CPU_SECONDS})
    with AT_ONCE, TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "documents.confined"],
                input=asked,
                capture_output=True,
                timeout=SECONDS,
                cwd=empty,
                env={},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _refused(Phrase("it takes more than {seconds} seconds", seconds=SECONDS)) from None
    if done.returncode != 0:
        needs = {"seconds": CPU_SECONDS, "mib": MEMORY_BYTES >> 20}
        raise _refused(Phrase("it needs more than {seconds} s of processor time, or {mib} MiB of memory", **needs))
    if not done.stdout.startswith(b"%PDF"):
        raise _refused(orjson.loads(done.stdout)["message"])
    if len(done.stdout) > MOST_BYTES:
        raise _refused(Phrase("its PDF has more than {mib} MiB", mib=MOST_BYTES >> 20))
    return done.stdout


def _refused(message: str) -> TemplateFails:
    return TemplateFails(errors=[{"field": "source", "code": "template", "message": message}])
