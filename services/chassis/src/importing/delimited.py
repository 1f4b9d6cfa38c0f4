"""CSV by RFC 4180, in common encodings and with common delimiters.

Only the delimiter and the encoding are detected; quotes always follow RFC 4180. A file that violates it is refused with
the line, because a misplaced quote moves the cells of all later lines. A file is read in blocks, so its size is not
limited by memory; a cell has at most `LONGEST_CELL` characters.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import BinaryIO

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE_RECORDS = 1_000
BLOCK_BYTES = 64 * 1024
HEAD_CHARACTERS = 1024 * 1024
LONGEST_CELL = 4 * 1024 * 1024
SURROGATE = re.compile("[\ud800-\udfff]")
FOLLOWED_QUOTE = re.compile(r'"(?:[^"]++|"")*+" *+\r?+[^"]')
"""A quoted cell with text behind it that is known; where a cell ends there, the pattern of cells has matched."""
MARKS = (  # The byte order mark of UTF-32 begins like that of UTF-16.
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (codecs.BOM_UTF8, "UTF-8-SIG"),
)


class NotDelimited(ValueError):
    """The bytes are not valid CSV; the text contains the place, and what to do."""


@dataclass(frozen=True)
class Record:
    """The cells of a record, and the line of the file on which it ends."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Delimited:
    """A file that is parsed record by record; `codec` and `delimiter` are the detected or given ones."""

    file: BinaryIO
    codec: str
    delimiter: str
    assumed: bool

    def records(self) -> Iterator[Record]:
        """The records from the first one on, for one reader at a time. Raises `NotDelimited` when one cannot be
        parsed."""
        return _records(_blocks(self.file, self.codec), self.delimiter)

    @property
    def encoding(self) -> str:
        """The name of the encoding, for display."""
        return self.codec.removesuffix("-SIG")

    @property
    def read_as(self) -> str:
        """How the file was parsed, for display."""
        name = DELIMITERS.get(self.delimiter, repr(self.delimiter))
        why = " (assumed, because it is not UTF-8)" if self.assumed else ""
        return f"{self.encoding}{why}, cells separated by {name}"


def opened(file: BinaryIO, encoding: str | None = None, delimiter: str | None = None) -> Delimited:
    """A file, all of which is in UTF-8, UTF-16, or else Windows-1252. Raises `NotDelimited`."""
    codec, assumed = (_named(file, encoding), False) if encoding else _encoding(file)
    _decode(file, codec)
    return Delimited(file, codec, delimiter or _delimiter(file, codec), assumed)


def _encoding(file: BinaryIO) -> tuple[str, bool]:
    """The encoding, and whether it is only assumed."""
    file.seek(0)
    head = file.read(4)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name, False
    if b"\0" in head[:2]:
        return ("UTF-16-BE" if head.startswith(b"\0") else "UTF-16-LE"), True
    try:
        _decode(file, "UTF-8")
    except NotDelimited:
        return "Windows-1252", True
    return "UTF-8", False


def _named(file: BinaryIO, encoding: str) -> str:
    """The encoding of this name; UTF-16 and UTF-32 without a byte order mark are little-endian."""
    file.seek(0)
    head = file.read(4)
    wide = encoding.lower().replace("_", "-") in {"utf-16", "utf-32", "utf16", "utf32"}
    return f"{encoding}-LE" if wide and not any(head.startswith(mark) for mark, _ in MARKS) else encoding


def _decode(file: BinaryIO, codec: str) -> None:
    """Raises `NotDelimited` when a part of the file is not of the encoding."""
    deque(_blocks(file, codec), maxlen=0)


def _blocks(file: BinaryIO, codec: str) -> Iterator[str]:
    """The text of a file from its beginning, in blocks. Raises `NotDelimited`."""
    file.seek(0)
    decoder, read, more = _decoder(codec), 0, True
    while more:
        block, pending = file.read(BLOCK_BYTES), len(decoder.getstate()[0])
        more = bool(block)
        try:
            text = decoder.decode(block, final=not more)
        except UnicodeError as error:
            place = read - pending + getattr(error, "start", 0)
            name = codec.removesuffix("-SIG")
            raise NotDelimited(f"it is not {name} (byte {place}): save it as CSV with UTF-8") from None
        if SURROGATE.search(text):
            raise NotDelimited(f"as {codec} it contains lone surrogates, which are not characters: set its encoding")
        read += len(block)
        yield text


def _decoder(codec: str) -> codecs.IncrementalDecoder:
    try:
        b"a".decode(codec, "ignore")  # Refuses encodings of what is no text.
        return codecs.getincrementaldecoder(codec)()
    except (LookupError, ValueError):
        raise NotDelimited(f"there is no encoding {codec!r}: use for example utf-8, utf-16 or windows-1252") from None


def _delimiter(file: BinaryIO, codec: str) -> str:
    """The delimiter by which the most records have as many cells as the header."""
    return max(DELIMITERS, key=lambda each: _fit(file, codec, each))


def _fit(file: BinaryIO, codec: str, delimiter: str) -> tuple[bool, bool, float, int]:
    counts, readable = [], True
    try:
        for record in islice(_records(_blocks(file, codec), delimiter), SAMPLE_RECORDS):
            if any(record.cells):
                counts.append(len(record.cells))
    except NotDelimited:
        readable = False  # Not by this delimiter; if it is selected nevertheless, the parser reports the error.
    if not counts:
        return False, False, 0.0, 0
    share = counts.count(counts[0]) / len(counts)
    splits = counts[0] > 1 and share >= 0.5
    return splits and readable, splits, share, counts[0]


class _Window:
    """The part of a text that is being parsed: `text` from `position` on."""

    def __init__(self, blocks: Iterator[str]) -> None:
        self.text, self.position = "", 0
        self._blocks, self._whole = blocks, False
        self._grow(HEAD_CHARACTERS)

    def ended(self) -> bool:
        if self.position == len(self.text) and not self._whole:
            self._grow(BLOCK_BYTES)
        return self.position == len(self.text)

    def match(self, cell: re.Pattern[str]) -> re.Match[str] | None:
        """The next cell; None if it is invalid or too long. The window grows until nothing behind it can change the
        cell."""
        while True:
            found = cell.match(self.text, self.position)
            size = len(self.text) - self.position
            if self._whole or (found is not None and found.end() < len(self.text)):
                return found
            if size > LONGEST_CELL or (found is None and FOLLOWED_QUOTE.match(self.text, self.position)):
                return None
            self._grow(max(BLOCK_BYTES, size))

    def _grow(self, characters: int) -> None:
        parts, size = [self.text[self.position :]], 0
        while size < characters and not self._whole:
            block = next(self._blocks, None)
            self._whole = block is None
            parts.append(block or "")
            size += len(block or "")
        self.text, self.position = "".join(parts), 0


def _records(blocks: Iterator[str], delimiter: str) -> Iterator[Record]:
    window = _Window(blocks)
    newline = _newline(window.text, delimiter)
    cell, counted = _cell(delimiter, newline), newline[-1]
    cells: list[str] = []
    line = 1
    while not window.ended() or cells:
        found = window.match(cell)
        if found is None:
            raise NotDelimited(_misplaced_quote(window.text, window.position, line))
        quoted, plain, end = found.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        line += window.text.count(counted, window.position, found.end())
        window.position = found.end()
        if end != delimiter:
            yield Record(line - bool(end), cells)
            cells = []


def _newline(head: str, delimiter: str) -> str:
    """The line break after the header, which ends every record; other line breaks may occur in a cell without
    quotes."""
    cell, position = _cell(delimiter, "\r"), 0
    while (found := cell.match(head, position)) and found[3] == delimiter:
        position = found.end()
    return found[3] if found and found[3] else "\n"


@lru_cache
def _cell(delimiter: str, newline: str) -> re.Pattern[str]:
    """A cell and its end. If lines end with CR, any line break ends a record."""
    separator = re.escape(delimiter)
    plain, after, end = {
        "\r\n": (rf"(?:[^{separator}\r\n]|\r(?!\n))*+", "", r"\r\n|\n"),
        "\n": (rf"[^{separator}\n]*+", r"\r?", r"\n"),
        "\r": (rf"[^{separator}\r\n]*+", "", r"\r\n|\n|\r"),
    }[newline]
    return re.compile(rf'(?:"((?:[^"]++|"")*+)" *{after}|(?!")({plain}))({separator}|{end}|\Z)')


def _misplaced_quote(text: str, position: int, line: int) -> str:
    if FOLLOWED_QUOTE.match(text, position):
        return f'in line {line}, text follows the closing quote of a cell: a quote inside a cell is written ""'
    if len(text) - position > LONGEST_CELL:
        return f"in line {line}, a cell has more than {LONGEST_CELL:,} characters, or its quote is never closed"
    return f"in line {line}, the quote that opens a cell is never closed"
