"""The media type of a file: declared, or by the name's ending; compared with the first bytes where they tell it."""

import mimetypes
from collections.abc import Iterable

from chassis.errors import UnsupportedMediaType

from files.settings import EXECUTABLE

HEAD_BYTES = 16
UNKNOWN = "application/octet-stream"
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"MZ", EXECUTABLE),
    (b"\x7fELF", EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", EXECUTABLE),
    (b"\xca\xfe\xba\xbe", EXECUTABLE),
)
"""The first bytes of files that often are what their name does not say."""

KNOWN = {media_type for _, media_type in SIGNATURES}
TYPES = mimetypes.MimeTypes()


class FileTypeRefused(UnsupportedMediaType):
    code = "file-type-refused"
    title = "Files of this type are not accepted"
    detail = "The media type is {media_type}."
    hint = "Convert the file to another format; the operator decides which are accepted."


class FileTypeWrong(UnsupportedMediaType):
    code = "file-type-wrong"
    title = "The file is not of the type that it is sent as"
    detail = "It is sent as {media_type}, and its content is not."
    hint = "Send the file with the media type of its content, or without one."


def media_type_of(name: str, declared: str, head: bytes, accepted: Iterable[str], refused: Iterable[str]) -> str:
    """The media type of a file by its name, what it is declared to be, and its first bytes.

    Raises `FileTypeRefused`, `FileTypeWrong`.
    """
    media_type = declared if declared not in ("", UNKNOWN) else TYPES.guess_type(name)[0] or UNKNOWN
    told = next((each for start, each in SIGNATURES if head.startswith(start)), None)
    for each in (media_type, *([told] if told == EXECUTABLE else [])):
        if not _is_one_of(each, accepted) or _is_one_of(each, refused):
            raise FileTypeRefused(media_type=each)
    if media_type in KNOWN and media_type != told:
        raise FileTypeWrong(media_type=media_type)
    return media_type


def _is_one_of(media_type: str, ranges: Iterable[str]) -> bool:
    kind = media_type.partition("/")[0]
    return any(each in ("*/*", f"{kind}/*", media_type) for each in ranges)
