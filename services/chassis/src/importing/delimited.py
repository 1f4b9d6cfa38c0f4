"""CSV by RFC 4180, in common encodings and with common delimiters.

Only the delimiter and the encoding are detected; quotes always follow RFC 4180. A file that violates it is refused with
the line, because a misplaced quote moves the cells of all later lines.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE_RECORDS = 1_000
SURROGATE = re.compile("[\ud800-\udfff]")
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
    """A text that is parsed record by record; `encoding` and `delimiter` are the detected or given ones."""

    text: str
    encoding: str
    delimiter: str
    assumed: bool

    def records(self) -> Iterator[Record]:
        """The records in their order. Raises `NotDelimited` when one cannot be parsed."""
        return _records(self.text, self.delimiter)

    @property
    def read_as(self) -> str:
        """How the file was parsed, for display."""
        name = DELIMITERS.get(self.delimiter, repr(self.delimiter))
        why = " (assumed, because it is not UTF-8)" if self.assumed else ""
        return f"{self.encoding}{why}, cells separated by {name}"


def opened(content: bytes, encoding: str | None = None, delimiter: str | None = None) -> Delimited:
    """The text of a file: in UTF-8, UTF-16, or else Windows-1252. Raises `NotDelimited`."""
    found, assumed = (encoding, False) if encoding else _encoding(content)
    try:
        text = content.decode(found)
    except UnicodeDecodeError as error:
        name, place = found.removesuffix("-SIG"), error.start
        raise NotDelimited(f"it is not {name} (byte {place}): save it as CSV with UTF-8") from None
    except (LookupError, ValueError):
        raise NotDelimited(f"there is no encoding {found!r}: use for example utf-8, utf-16 or windows-1252") from None
    if SURROGATE.search(text):
        raise NotDelimited(f"as {found} it contains lone surrogates, which are not characters: set its encoding")
    return Delimited(text, found.removesuffix("-SIG"), delimiter or _delimiter(text), assumed)


def _encoding(content: bytes) -> tuple[str, bool]:
    """The encoding, and whether it is only assumed."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return name, False
    if b"\0" in content[:2]:
        return ("UTF-16-BE" if content.startswith(b"\0") else "UTF-16-LE"), True
    try:
        content.decode("UTF-8")
    except UnicodeDecodeError:
        return "Windows-1252", True
    return "UTF-8", False


def _delimiter(text: str) -> str:
    """The delimiter by which the most records have as many cells as the header."""
    return max(DELIMITERS, key=lambda each: _fit(text, each))


def _fit(text: str, delimiter: str) -> tuple[bool, bool, float, int]:
    counts, readable = [], True
    try:
        for record in islice(_records(text, delimiter), SAMPLE_RECORDS):
            if any(record.cells):
                counts.append(len(record.cells))
    except NotDelimited:
        readable = False  # Not by this delimiter; if it is selected nevertheless, the parser reports the error.
    if not counts:
        return False, False, 0.0, 0
    share = counts.count(counts[0]) / len(counts)
    splits = counts[0] > 1 and share >= 0.5
    return splits and readable, splits, share, counts[0]


def _records(text: str, delimiter: str) -> Iterator[Record]:
    newline = _newline(text, delimiter)
    cell, counted = _cell(delimiter, newline), newline[-1]
    cells: list[str] = []
    position, line = 0, 1
    while position < len(text) or cells:
        found = cell.match(text, position)
        if found is None:
            raise NotDelimited(_misplaced_quote(text, position, line))
        quoted, plain, end = found.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        line += text.count(counted, position, found.end())
        position = found.end()
        if end != delimiter:
            yield Record(line - bool(end), cells)
            cells = []


def _newline(text: str, delimiter: str) -> str:
    """The line break after the header, which ends every record; other line breaks may occur in a cell without
    quotes."""
    cell, position = _cell(delimiter, "\r"), 0
    while (found := cell.match(text, position)) and found[3] == delimiter:
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
    if re.compile(r'"(?:[^"]++|"")*+"').match(text, position):
        return f'in line {line}, text follows the closing quote of a cell: a quote inside a cell is written ""'
    return f"in line {line}, the quote that opens a cell is never closed"
