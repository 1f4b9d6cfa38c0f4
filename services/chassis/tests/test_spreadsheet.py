"""CSV files: read by the names of their columns, written so that nothing runs."""

import csv
from pathlib import Path

import pytest
from importing import spreadsheet
from importing.spreadsheet import FileRefused, Reading, Row
from pydantic import BaseModel


class Place(BaseModel):
    city: str | None = None
    lines: list[str] = []


class Thing(BaseModel):
    name: str
    size: int | None = None
    place: Place | None = None
    custom: dict[str, str] = {}


def rows(folder: Path, content: str | bytes, columns: str | None = None, key: str | None = None) -> list[Row]:
    file = folder / "things.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return spreadsheet.read(file, columns, key, Thing)


def test_columns_that_are_called_like_fields_need_no_mapping(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "name,place.city,custom.code,other\nA,Berlin,7,x\n")
    assert row.values == {"name": "A", "place.city": "Berlin", "custom.code": "7"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_and_byte_order_mark_are_recognised(tmp_path: Path, separator: str) -> None:
    text = f"name{separator}size\nA{separator}3\n"
    (row,) = rows(tmp_path, text.encode("utf-8-sig"))
    assert row.values == {"name": "A", "size": "3"}


def test_a_row_keeps_its_line_and_its_key_and_blank_rows_are_no_rows(tmp_path: Path) -> None:
    found = rows(tmp_path, 'id,title\n1,"two\nlines"\n,\n2,B\n', "title=name", "id")
    assert [(row.line, row.key, row.values["name"]) for row in found] == [(3, "1", "two\nlines"), (5, "2", "B")]


def test_a_quote_that_is_doubled_in_a_cell_is_one_quote(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, 'name,size\n"31 1/2"" Length, 4 Pocket Knife",7\n')
    assert row.values == {"name": '31 1/2" Length, 4 Pocket Knife', "size": "7"}


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "is read as UTF-8, cells separated by semicolons"),
        ("utf-8-sig", "is read as UTF-8, cells separated by semicolons"),
        ("cp1252", "is read as Windows-1252 (assumed, because it is not UTF-8), cells separated by semicolons"),
        ("utf-16", "is read as UTF-16, cells separated by semicolons"),
        ("utf-16-le", "is read as UTF-16-LE (assumed, because it is not UTF-8), cells separated by semicolons"),
    ],
)
def test_how_a_file_is_read_is_detected_and_said(tmp_path: Path, encoding: str, said: str) -> None:
    (tmp_path / "things.csv").write_bytes("name;custom.a\r\nMüller, Söhne;5 €\r\n".encode(encoding))
    heard: list[str] = []
    (row,) = spreadsheet.read(tmp_path / "things.csv", None, None, Thing, reading=Reading(say=heard.append))
    assert row.values == {"name": "Müller, Söhne", "custom.a": "5 €"}
    assert said in heard[0]


def test_encoding_and_delimiter_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_bytes("name:size\nŁódź, PL:3\n".encode("cp1250"))
    (row,) = spreadsheet.read(tmp_path / "things.csv", None, None, Thing, reading=Reading("cp1250", ":"))
    assert row.values == {"name": "Łódź, PL", "size": "3"}


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ("A,3,x", "it has 3 cells, and the header has 2"),
        ("A", "it has 1 cells, and the header has 2"),
        ("A\0,3", "it contains a NUL character"),
        ("A,3,", ""),
        ("A,", ""),
    ],
)
def test_a_row_whose_cells_do_not_fit_the_header_has_a_fault(tmp_path: Path, record: str, fault: str) -> None:
    found = rows(tmp_path, f"name,size\n{record}\nB,4\n")
    assert [(row.line, row.fault) for row in found] == [(2, fault), (3, "")]


def test_a_fault_of_a_line_is_one_of_its_row() -> None:
    (row,) = spreadsheet.joined([Row(2, "1", {})], [Row(7, "1", {}, fault="it has 3 cells")])
    assert row.fault == "line 7 of the file of lines: it has 3 cells"


def test_two_columns_that_fill_one_field_become_its_lines(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "n,street,house\nA,Obere Str.,57\n", "n=name,street=place.lines,house=place.lines")
    assert row.values["place.lines"] == "Obere Str.\n57"


def test_a_field_may_be_the_same_in_every_row(tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_text("size\n1\n2\n", encoding="utf-8")
    found = spreadsheet.read(tmp_path / "things.csv", None, None, Thing, {"name": "A", "size": "3"})
    assert [row.values for row in found] == [{"name": "A", "size": "3"}] * 2


def test_a_fixed_field_is_one_that_there_is(tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_text("name\nA\n", encoding="utf-8")
    with pytest.raises(FileRefused, match="There is no field 'nmae'"):
        spreadsheet.read(tmp_path / "things.csv", None, None, Thing, {"nmae": "A"})


def test_rows_get_the_lines_that_have_their_key() -> None:
    orders = [Row(2, "1", {"name": "A"}), Row(3, "2", {"name": "B"})]
    lines = [Row(2, "1", {"city": "Berlin"}), Row(3, "1", {"city": "Bonn"})]
    found = spreadsheet.joined(orders, lines)
    assert [row.lines for row in found] == [[{"city": "Berlin"}, {"city": "Bonn"}], []]


def test_lines_of_no_row_refuse_the_file() -> None:
    with pytest.raises(FileRefused, match="do not exist, 2 in all: '', '7'"):
        spreadsheet.joined([Row(2, "1", {})], [Row(2, "7", {}), Row(3, None, {}), Row(4, "1", {})])


@pytest.mark.parametrize(
    ("content", "columns", "key", "reason"),
    [
        ("title\nA\n", None, None, "No column fills name. Name one: --columns title=name."),
        ("title\nA\n", "titel=name", None, "There is no column titel. The file has: title."),
        ("title\nA\n", "title=nmae", None, "There is no field 'nmae'. Fields: name, size, place.city"),
        ("name\nA\n", None, "id", "There is no column 'id' to take as the key."),
        ("name,name\nA,B\n", None, None, "several columns 'name'"),
        (b"name\n\x81\n", None, None, "it is not Windows-1252 (byte 5): save it as CSV with UTF-8"),
        ('name\n"A" B\n', None, None, "in line 2, text follows the closing quote of a cell"),
        ('name\nA\n"B\n', None, None, "in line 3, the quote that opens a cell is never closed"),
        ("", None, None, "No column fills name."),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_a_sentence(
    tmp_path: Path, content: str | bytes, columns: str | None, key: str | None, reason: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        rows(tmp_path, content, columns, key)
    assert reason in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="cannot be read: No such file or directory"):
        spreadsheet.read(tmp_path / "none.csv", None, None, Thing)


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_runs_as_a_formula(tmp_path: Path, cell: str) -> None:
    spreadsheet.write(tmp_path / "result.csv", ["reason"], [[cell]])
    with (tmp_path / "result.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [["reason"], [f"'{cell}"]]
