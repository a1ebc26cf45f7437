"""Tables in and out of files: CSV as any program writes it, and XLSX. Knows rows of text, nothing of what they mean."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

MOST_BYTES = 50_000_000  # of a file
MOST_UNPACKED = 400_000_000  # of what lies in an XLSX
MOST_ROWS = 200_000
_FIELD = 10_000_000  # characters of one cell that are read; what may be kept is checked later
_SAMPLE = 64_000
_DELIMITERS = ",;\t|"

Row = tuple[int, tuple[str, ...]]  # its number as the spreadsheet counts, from 1, and its cells


class Unreadable(Exception):
    """The file is no table; ``key`` is the end of a sentence's key in the catalogue."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


class Formula(str):
    """A cell that holds a formula: what it would say nobody has computed."""

    __slots__ = ()


def read_table(path: Path) -> Iterator[Row]:
    """The rows of a CSV or XLSX file that hold something. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        raise Unreadable("absent") from None
    if len(content) > MOST_BYTES:
        raise Unreadable("large")
    rows = _xlsx(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    return _held(rows)


def _held(rows: Iterable[Sequence[str]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise Unreadable("long")
        if any(cell.strip() for cell in cells):
            yield number, tuple(cells)


def _csv(content: bytes) -> Iterator[Sequence[str]]:
    """In any of the encodings and delimiters that Excel uses; a first line `sep=;` is heeded."""
    text = _decoded(content)
    first, _, rest = text.partition("\n")
    delimiter = ""
    first = first.rstrip("\r")
    if first.casefold().startswith("sep=") and len(first) == 5:
        delimiter, text = first[4], rest
    delimiter = delimiter or _delimiter(text[:_SAMPLE])
    csv.field_size_limit(_FIELD)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        raise Unreadable("broken") from None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # Excel's "CSV" in Belgium


def _delimiter(text: str) -> str:
    """The sign that stands most often in the first line outside quotes."""
    counts = dict.fromkeys(_DELIMITERS, 0)
    quoted = False
    for sign in text.lstrip("\r\n"):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "\r\n":
            break
        elif not quoted and sign in counts:
            counts[sign] += 1
    return max(_DELIMITERS, key=lambda sign: counts[sign])


def _xlsx(content: bytes) -> Iterator[Sequence[str]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_UNPACKED:
                raise Unreadable("large")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    except Unreadable:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong inside somebody's file, it is no workbook
        raise Unreadable("broken") from None
    try:
        for row in book.worksheets[0].iter_rows():
            yield [_cell(cell) for cell in row]
    except Exception:  # noqa: BLE001 - see above
        raise Unreadable("broken") from None
    finally:
        book.close()


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return Formula("=")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def write_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV with commas, quoted where it is needed."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue()


def write_xlsx(title: str, rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as an XLSX workbook in which every cell is text, whatever it looks like."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet: WriteOnlyWorksheet = book.create_sheet(title)
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type = "s"  # it took "=…" for a formula
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
