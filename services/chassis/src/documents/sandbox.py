"""A tenant's template becomes a PDF in a process of its own, which can open no file and no connection.

The process has limits on processor time and memory. It loads the fonts that the data needs with a template of ours,
before it gives up the right to open files (`RLIMIT_NOFILE`, setrlimit(2)).
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import orjson
from chassis.errors import Conflict, Malformed
from localisation import Phrase

SECONDS, CPU_SECONDS, MEMORY_BYTES = 15, 5, 1 << 30
MOST_BYTES = 10 << 20
AT_ONCE = asyncio.Semaphore(2)
MOST_ASKED = 4
"""Requests of one tenant that print or wait: one prints at a time, so that slow templates do not hold up others."""

_asked: Counter[UUID] = Counter()
_alone: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)


class TemplateFails(Malformed):
    code = "template-fails"
    title = "The template cannot be printed"
    hint = "Correct the template at the line that is named, and try it: POST /v1/document-templates/{kind}/preview."


class TemplatesBusy(Conflict):
    code = "templates-busy"
    title = "Too many documents of the tenant are being printed"
    hint = "Send the request again when the others are answered."


async def printed(tenant: UUID, template: str, data: Mapping[str, Any], dated: date | None = None) -> bytes:
    """The PDF of a template of a tenant. Raises `TemplateFails` with Typst's message, `TemplatesBusy`."""
    if _asked[tenant] >= MOST_ASKED:
        raise TemplatesBusy()
    _asked[tenant] += 1
    try:
        async with _alone[tenant], AT_ONCE:
            return await _printed(template, data, dated)
    finally:
        _asked[tenant] -= 1
        if not _asked[tenant]:
            del _asked[tenant], _alone[tenant]


async def _printed(template: str, data: Mapping[str, Any], dated: date | None) -> bytes:
    given = orjson.dumps({"template": template, "data": data, "dated": dated, "cpu_seconds": CPU_SECONDS})
    with TemporaryDirectory() as empty:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "documents.confined", stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=empty, env={}
        )
        try:
            async with asyncio.timeout(SECONDS):
                answer, _ = await process.communicate(given)
        except TimeoutError:
            raise _refused(Phrase("it takes more than {seconds} seconds", seconds=SECONDS)) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        needs = {"seconds": CPU_SECONDS, "mib": MEMORY_BYTES >> 20}
        raise _refused(Phrase("it needs more than {seconds} s of processor time, or {mib} MiB of memory", **needs))
    if not answer.startswith(b"%PDF"):
        raise _refused(orjson.loads(answer)["message"])
    if len(answer) > MOST_BYTES:
        raise _refused(Phrase("its PDF has more than {mib} MiB", mib=MOST_BYTES >> 20))
    return answer


def _refused(message: str) -> TemplateFails:
    return TemplateFails(errors=[{"field": "source", "code": "template", "message": message}])
