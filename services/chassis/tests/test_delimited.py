"""What any writer of CSV writes is read back as it was."""

import csv
import io
import tracemalloc
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from importing import delimited
from importing.delimited import BLOCK_BYTES, DELIMITERS, HEAD_CHARACTERS, NotDelimited, opened

HEADER = ["sku", "name", "description", "size"]
SPECIAL = "\"'\r\n\f\v\x1c\x85\u2028\u2029,;\t| =\ufeff"
CHARACTERS = st.one_of(st.sampled_from(SPECIAL), st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
WINDOWS = "".join(bytes([each]).decode("cp1252", "ignore") for each in range(1, 256))
QUOTED = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)
WRITERS = st.sampled_from(list(product(DELIMITERS, QUOTED, ("\n", "\r\n"))))
Rows = list[list[str]]
Writer = tuple[str, int, str]


def tables(characters: st.SearchStrategy[str]) -> st.SearchStrategy[Rows]:
    """Rows under a header of one to four columns."""
    cells = st.text(characters, max_size=12)
    width = st.integers(1, len(HEADER))
    return width.flatmap(
        lambda columns: st.lists(st.lists(cells, min_size=columns, max_size=columns), max_size=8).map(
            lambda rows: [HEADER[:columns], *rows]
        )
    )


def written(rows: Rows, delimiter: str, quoting: int, newline: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows(rows)  # type: ignore[arg-type]  # a literal of the stub
    return stream.getvalue()


def read(content: bytes) -> Rows:
    return [record.cells for record in opened(io.BytesIO(content)).records()]


@given(tables(CHARACTERS), WRITERS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@example([["name"], ['31 1/2" Length'], ["a,b"]], (";", csv.QUOTE_MINIMAL, "\n"), "utf-8")
@example([["sku", "name"], ["1", "a\r"], ["2", "b\u2028c\fd"]], (",", csv.QUOTE_MINIMAL, "\n"), "utf-16")
def test_what_a_writer_wrote_is_read_back(rows: Rows, writer: Writer, encoding: str) -> None:
    assert read(written(rows, *writer).encode(encoding)) == rows


@given(tables(st.sampled_from(WINDOWS)), WRITERS)
def test_so_it_is_in_windows_1252(rows: Rows, writer: Writer) -> None:
    rows = [[*rows[0], "Länge"], *([*row, "0"] for row in rows[1:])]
    assert read(written(rows, *writer).encode("cp1252")) == rows


@given(tables(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters='",;\t|')), WRITERS)
def test_so_it_is_without_any_quotes(rows: Rows, writer: Writer) -> None:
    delimiter, _, newline = writer
    rows = [[cell or "-" for cell in row] for row in rows]
    assert read(written(rows, delimiter, csv.QUOTE_NONE, newline).encode()) == rows


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_records_know_the_line_on_which_they_end(newline: str) -> None:
    text = newline.join(["a,b", '1,"x', 'y"', "", "2,z"])
    assert [(each.line, each.cells) for each in opened(io.BytesIO(text.encode())).records()] == [
        (1, ["a", "b"]),
        (3, ["1", f"x{newline}y"]),
        (4, [""]),
        (5, ["2", "z"]),
    ]


def test_lines_may_end_otherwise_than_the_header() -> None:
    assert read(b'a,b\r\n1,2\n"3","4"\r\n') == [["a", "b"], ["1", "2"], ["3", "4"]]
    assert read(b'a,b\n1,"2"\r\n"3","4" \r\n') == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_a_delimiter_that_fits_only_the_header_is_not_taken() -> None:
    text = 'Last name, first name;Size\n"Müller, Anna";3\nLee;4\nKim;5\n'
    assert read(text.encode())[1:] == [["Müller, Anna", "3"], ["Lee", "4"], ["Kim", "5"]]


@pytest.mark.parametrize("text", ['a\n"b', 'a\n"b"c\n', '"'])
def test_a_misplaced_quote_is_refused(text: str) -> None:
    with pytest.raises(NotDelimited, match="quote"):
        read(text.encode())


def test_a_file_of_megabytes_is_read_whole() -> None:
    cell = 'a "quoted" part, and more ' * 40_000
    assert read(written([["name"], [cell]], ",", csv.QUOTE_MINIMAL, "\n").encode()) == [["name"], [cell]]


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(NotDelimited, match="there is no encoding 'utf-9'"):
        opened(io.BytesIO(b"a"), "utf-9")


@given(tables(CHARACTERS), WRITERS, st.integers(1, 9))
def test_where_blocks_end_changes_nothing(rows: Rows, writer: Writer, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", size)
        patch.setattr(delimited, "HEAD_CHARACTERS", 4 * len(HEADER) * 12)
        assert read(written(rows, *writer).encode("utf-16")) == rows


@pytest.mark.parametrize("cell", ["x", '"'])
def test_a_cell_that_is_too_long_is_refused_with_its_line(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "LONGEST_CELL", 100_000)
    monkeypatch.setattr(delimited, "HEAD_CHARACTERS", 1000)
    with pytest.raises(NotDelimited, match="in line 2, a cell has more than 100,000 characters"):
        read(f"name\n{cell}".encode() + b"y" * 200_000)


def test_a_byte_of_another_encoding_is_found_behind_the_first_block() -> None:
    text = b"name\n" + b"x\n" * BLOCK_BYTES
    assert opened(io.BytesIO(text + b"M\xfcller\n")).encoding == "Windows-1252"
    with pytest.raises(NotDelimited, match=rf"not utf-8 \(byte {len(text) + 1}\)"):
        opened(io.BytesIO(text + b"M\xfcller\n"), "utf-8")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "things.csv"
    with file.open("wb") as stream:
        stream.write(b"name;size\n")
        stream.writelines(b'"%d, ""%s""";M\xc3\xbcller\n' % (number, b"x" * 600) for number in range(20_000))
    with file.open("rb") as stream:
        tracemalloc.start()
        count = sum(1 for _ in opened(stream).records())
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 20_001
    assert most_bytes < 5 * HEAD_CHARACTERS < file.stat().st_size / 2
