"""The content of a file as an answer: streamed, as an attachment, in whole or one range of it (RFC 9110, RFC 6266)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from chassis.errors import RangeNotSatisfiable
from fastapi import Response
from fastapi.responses import StreamingResponse

from files.models import RecordFile
from files.storage import Storage

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The content, with its own media type.", "content": BINARY},
    206: {"description": "The range of the content that `Range` names.", "content": BINARY},
    304: {"description": "The content is the one of `If-None-Match`."},
    416: {"description": "The content does not have the range."},
}


async def answer(headers: Mapping[str, str], file: RecordFile, storage: Storage) -> Response:
    """The answer to a request with these headers. Raises `RangeNotSatisfiable`, `ContentLost`, `StorageAway`."""
    tag = f'"{file.sha256}"'
    told = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(file.name),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    known = [each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=told)
    span = range_of(headers.get("range", ""), file.size_bytes) if headers.get("if-range", tag) == tag else None
    start, end = span or (0, file.size_bytes)
    if span is not None:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    told["Content-Length"] = str(end - start)
    told["Content-Type"] = file.media_type  # Given as a header, because a media type of text gets a charset.
    pieces = await storage.open(file.object_key, start, end)
    return StreamingResponse(pieces, status_code=206 if span else 200, headers=told)


def range_of(header: str, size_bytes: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None for the whole, also when several ranges are wanted.

    Raises `RangeNotSatisfiable`.
    """
    found = RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size_bytes - int(last))
    end = min(int(last) + 1, size_bytes) if first and last else size_bytes
    if start >= end:
        if first and last and int(last) < int(first):
            return None
        problem = RangeNotSatisfiable(size_bytes=size_bytes)
        problem.headers["Content-Range"] = f"bytes */{size_bytes}"
        raise problem
    return start, end


def disposition(name: str) -> str:
    """`Content-Disposition` with the name in ASCII for old clients, and in UTF-8 for others."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    exact = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{exact}'
