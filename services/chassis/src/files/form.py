"""The one file of a multipart/form-data request, parsed as it arrives (RFC 7578)."""

from collections.abc import AsyncIterator

from chassis.errors import Malformed, UnsupportedMediaType
from contracts.text import one_line, reason_of
from fastapi import Request
from localisation import Phrase
from pydantic_core import PydanticCustomError
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

FIELD = "file"
MOST_NAME = 255
FORM_BYTES = 64 * 1024
"""What boundaries and headers may add to a file."""


class NotAForm(UnsupportedMediaType):
    code = "not-a-form"
    title = "The request is not a form with a file"
    hint = "Send multipart/form-data with one part `file`: curl -F file=@offer.pdf, or FormData in a browser."


class FileForm:
    """A form that is being received: first `begin`, then the `pieces` of the file's content."""

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise NotAForm()
        self.name = ""
        self.declared = ""
        self._stream = request.stream()
        self._data: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._header = (b"", b"")
        self._parts = 0
        self._begun = self._ended = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": lambda data, start, end: self._data.append(data[start:end]),
                "on_end": self._on_end,
            },
        )

    async def begin(self) -> None:
        """Read until the name and the declared media type of the file are known. Raises `Malformed`."""
        while not self._begun:
            await self._read()
        disposition, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if disposition != b"form-data" or options.get(b"name") != FIELD.encode():
            raise _wrong(FIELD, "missing", "send the file as the first part, with this name")
        self.name = checked_name(_text(options.get(b"filename", b"")))
        self.declared = parse_options_header(self._headers.get(b"content-type", b""))[0].decode("latin-1")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content of the file. Raises `Malformed` when the form ends too early or has further parts."""
        while self._data or not self._ended:
            data, self._data = self._data, []
            for piece in data:
                yield piece
            if not self._ended:
                await self._read()

    async def _read(self) -> None:
        try:
            self._parser.write(await anext(self._stream))
        except StopAsyncIteration:
            raise _wrong("", "unreadable", "the form ends before its closing boundary") from None
        except MultipartParseError as error:
            raise _wrong("", "unreadable", Phrase("the form cannot be read: {error}", error=error)) from None
        if self._parts > 1:
            raise _wrong(FIELD, "too-many", "send one file in a request, and no other parts")

    def _on_part_begin(self) -> None:
        self._parts += 1

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _on_header_end(self) -> None:
        if self._parts == 1:
            self._headers[self._header[0].lower()] = self._header[1]
        self._header = (b"", b"")

    def _on_headers_finished(self) -> None:
        self._begun = True

    def _on_end(self) -> None:
        self._ended = True


def checked_name(name: str) -> str:
    """The name of a file, without control characters, of one to 255 characters. Raises `Malformed`."""
    try:
        cleaned = str(one_line(name))
    except PydanticCustomError as error:
        raise _wrong(f"{FIELD}.name", "control-character", reason_of(error)) from None
    if not 0 < len(cleaned) <= MOST_NAME:
        raise _wrong(
            f"{FIELD}.name",
            "length",
            Phrase("the file needs a name of 1 to {most_name} characters", most_name=MOST_NAME),
        )
    if cleaned in (".", "..") or {"/", "\\"} & set(cleaned):
        raise _wrong(f"{FIELD}.name", "path", "the name must not be a path: send it without folders")
    return cleaned


def _text(value: bytes) -> str:
    """A name as browsers and curl send it: UTF-8, with a quotation mark as %22 (the HTML standard's form encoding)."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _wrong(field: str, code: str, message: str) -> Malformed:
    return Malformed(errors=[{"field": field, "code": code, "message": message}])
