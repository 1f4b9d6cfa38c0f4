"""The name, the type and the ranges of a file, and the form that it comes in."""

import pytest
from chassis.errors import Malformed, RangeNotSatisfiable
from fastapi import Request
from files.content import disposition, range_of
from files.form import FileForm, NotAForm
from files.media_types import FileTypeRefused, FileTypeWrong, media_type_of
from files.settings import EXECUTABLE, FileSettings
from pydantic import ValidationError

BOUNDARY = "----x"
PART = 'Content-Disposition: form-data; name="file"; filename="{}"\r\nContent-Type: {}\r\n\r\n{}\r\n'


def body(*parts: str) -> bytes:
    return "".join(f"--{BOUNDARY}\r\n{part}" for part in parts).encode() + f"--{BOUNDARY}--\r\n".encode()


def form_of(data: bytes, piece: int = 7, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> FileForm:
    left = [data[start : start + piece] for start in range(0, len(data), piece)]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": left.pop(0) if left else b"", "more_body": bool(left)}

    return FileForm(Request({"type": "http", "headers": [(b"content-type", content_type.encode())]}, receive))


async def received(data: bytes, piece: int = 7) -> tuple[str, str, bytes]:
    form = form_of(data, piece)
    await form.begin()
    return form.name, form.declared, b"".join([piece async for piece in form.pieces()])


@pytest.mark.parametrize("piece", [1, 7, 100_000])
async def test_a_form_is_parsed_however_it_is_cut(piece: int) -> None:
    data = body(PART.format("Preisliste für Köln.pdf", "application/pdf", "%PDF\r\n--no boundary"))
    assert await received(data, piece) == ("Preisliste für Köln.pdf", "application/pdf", b"%PDF\r\n--no boundary")


async def test_a_quotation_mark_in_a_name_comes_as_browsers_send_it() -> None:
    assert (await received(body(PART.format("3%22 pipe.txt", "text/plain", "x"))))[0] == '3" pipe.txt'


@pytest.mark.parametrize("name", ["", " ", "..", "a/b.pdf", "a\\b.pdf", "a\tb.pdf", "a\u202egnp.exe", "x" * 256])
async def test_a_name_that_is_empty_long_a_path_or_not_one_line_is_refused(name: str) -> None:
    with pytest.raises(Malformed) as refused:
        await received(body(PART.format(name, "text/plain", "x")))
    assert refused.value.facts["errors"][0]["field"] == "file.name"


async def test_a_form_with_another_field_or_two_files_is_refused() -> None:
    file = PART.format("a.txt", "text/plain", "x")
    for parts in ([file, file], ['Content-Disposition: form-data; name="other"\r\n\r\nx\r\n']):
        with pytest.raises(Malformed):
            await received(body(*parts))


async def test_a_form_that_ends_too_early_is_refused() -> None:
    for data in (b"", body(PART.format("a.txt", "text/plain", "x" * 100))[:120]):
        with pytest.raises(Malformed):
            await received(data)


def test_a_request_that_is_no_form_is_refused() -> None:
    for content_type in ("application/pdf", "multipart/form-data", ""):
        with pytest.raises(NotAForm):
            form_of(b"", content_type=content_type)


def told(name: str, declared: str, head: bytes, accepted: str = "*/*", refused: str = EXECUTABLE) -> str:
    return media_type_of(name, declared, head, accepted.split(","), refused.split(","))


def test_a_media_type_is_the_declared_one_or_that_of_the_name() -> None:
    assert told("a.pdf", "", b"%PDF-1.7") == "application/pdf"
    assert told("a.pdf", "application/octet-stream", b"%PDF-1.7") == "application/pdf"
    assert told("a.unheard", "", b"abc") == "application/octet-stream"
    assert told("a.txt", "text/csv", b"a;b") == "text/csv"


def test_content_of_another_type_than_the_declared_one_is_refused() -> None:
    with pytest.raises(FileTypeWrong):
        told("a.pdf", "application/pdf", b"<html>")
    with pytest.raises(FileTypeWrong):
        told("a.png", "", b"\xff\xd8\xff\xe0")


def test_a_program_is_refused_whatever_it_is_called() -> None:
    for name, declared in (("a.pdf", "application/pdf"), ("a.txt", "text/plain"), ("a", "")):
        with pytest.raises(FileTypeRefused):
            told(name, declared, b"MZ\x90\x00")


def test_types_are_accepted_and_refused_by_the_settings() -> None:
    assert told("a.png", "", b"\x89PNG\r\n\x1a\n", accepted="image/*") == "image/png"
    with pytest.raises(FileTypeRefused):
        told("a.pdf", "", b"%PDF-", accepted="image/*")
    with pytest.raises(FileTypeRefused):
        told("a.html", "", b"<html>", refused="text/html")


def test_a_range_is_the_first_byte_and_the_one_after_the_last() -> None:
    found = {
        "bytes=0-3": (0, 4), "bytes=5-": (5, 10), "bytes=-3": (7, 10), "bytes=8-99": (8, 10), "bytes=-99": (0, 10),
        "": None, "bytes=-": None, "bytes=0-1,3-4": None, "bytes=5-2": None, "lines=1-2": None,
    }  # fmt: skip
    assert {header: range_of(header, 10) for header in found} == found
    for header in ("bytes=10-", "bytes=10-11", "bytes=-0"):
        with pytest.raises(RangeNotSatisfiable) as refused:
            range_of(header, 10)
        assert refused.value.headers["Content-Range"] == "bytes */10"


def test_a_disposition_has_the_name_in_ascii_and_in_utf_8() -> None:
    assert disposition("offer.pdf") == 'attachment; filename="offer.pdf"'
    assert disposition('Köln "3".pdf') == (
        "attachment; filename=\"K_ln _3_.pdf\"; filename*=UTF-8''K%C3%B6ln%20%223%22.pdf"
    )


@pytest.mark.parametrize("wrong", ["files", "ftp://host/x", "s3://", "file://host/x"])
def test_an_address_of_no_storage_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError):
        FileSettings(database_url="postgresql://not.used", files_url=wrong)


def test_types_of_the_settings_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILES_ACCEPTED_TYPES", "image/*, application/pdf")
    assert FileSettings(database_url="postgresql://not.used").files_accepted_types == ("image/*", "application/pdf")
    monkeypatch.setenv("FILES_ACCEPTED_TYPES", "pictures")
    with pytest.raises(ValidationError):
        FileSettings(database_url="postgresql://not.used")
