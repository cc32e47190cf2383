"""Records of a text: tables (CSV, TSV) and JSON Lines, from which one field is taken."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from seqlm import errors

Kind: TypeAlias = Literal["CSV", "TSV", "JSON Lines"]
_KINDS: dict[str, Kind] = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".tab": "TSV",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
}
_SAMPLE_LINES = 20  # lines that decide whether a text is a table or JSON Lines
_SEARCHED_LINES = 200
_MIN_ROWS = 3
_MAX_NAMES, _MAX_NAME = 8, 40
_DELIMITERS = ",;\t|"


class Format(Struct, frozen=True):
    """Format of a text with records.

    Attributes:
        kind: The format.
        fields: Names of the columns or keys.
        delimiter: Sign between two columns; empty for JSON Lines.
    """

    kind: Kind
    fields: tuple[str, ...]
    delimiter: str = ""

    def __str__(self) -> str:
        return f"{self.kind} with {_field_noun(self.kind)} {_listed(self.fields)}"


def detect_format(text: str, name: str) -> Format | None:
    """Return the format of a text that looks like records; None for plain text.

    Commas, semicolons and vertical bars also occur in plain text, so they separate columns only in a
    file whose name ends with ``.csv``.

    Args:
        text: The text.
        name: Name of the file.
    """
    lines = _first_lines(text)
    suffixes = [_KINDS[end] for end in PurePosixPath(name.lower()).suffixes if end in _KINDS]
    kind = suffixes[-1] if suffixes else None
    if not lines:
        return None
    if kind == "JSON Lines" or (kind is None and len(lines) >= 2 and lines[0].startswith("{")):
        return _json_format(lines)
    return _table_format(lines, kind)


def extract_field(text: str, field: str, name: str) -> tuple[str, int]:
    """Return one field of all records, one record per line, and the number of records without it.

    Line breaks inside a field become spaces.

    Args:
        text: Text with records: CSV, TSV or JSON Lines.
        field: Name of the column or key.
        name: Name of the text in error messages.

    Raises:
        RequestError: The text has no records, or no field of this name.
    """
    lines = _first_lines(text)
    is_json = bool(lines) and lines[0].lstrip().startswith("{")
    found = _json_format(lines) if is_json else _format_of_table(lines)
    if found is None or (len(found.fields) < 2 and field not in found.fields):
        raise errors.RequestError(
            f"data.field={field[:_MAX_NAME]} needs CSV, TSV or JSON Lines, and {name} is none of"
            " these. Set data.field=off.",
            field,
        )
    if not is_json and field not in found.fields:
        raise _unknown_field(field, name, found)
    try:
        values = list(_json_values(text, field) if is_json else _table_values(text, field, found))
    except csv.Error as error:
        raise errors.RequestError(
            f"{name} is not a valid {found.kind} file: {error}", name
        ) from None
    filled = [value for value in values if value]
    if not filled:
        raise _unknown_field(field, name, found)
    return "\n".join(filled) + "\n", len(values) - len(filled)


def _first_lines(text: str) -> list[str]:
    """Return the first lines that are not blank, which decide the format."""
    first = islice(text.split("\n", _SEARCHED_LINES), _SEARCHED_LINES)
    return [line for line in first if line.strip()][:_SAMPLE_LINES]


def _json_format(lines: Sequence[str]) -> Format | None:
    """Return the format if most lines are JSON objects; other lines are records without fields."""
    records = [record for line in lines if (record := _json_record(line)) is not None]
    if 2 * len(records) <= len(lines):
        return None
    fields = dict.fromkeys(field for record in records for field in record)
    return Format("JSON Lines", tuple(fields))


def _json_record(line: str) -> Mapping[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _table_format(lines: Sequence[str], kind: Kind | None) -> Format | None:
    if kind == "CSV":
        return _format_of_table(lines)
    if "\t" not in lines[0] or len(lines) < _MIN_ROWS:
        return None
    counts = {line.count("\t") for line in lines}
    return _format_of_table(lines) if kind == "TSV" or len(counts) == 1 else None


def _format_of_table(lines: Sequence[str]) -> Format | None:
    """Return the format of a table whose first line names its columns."""
    if not lines:
        return None
    delimiter = max(_DELIMITERS, key=lambda sign: (lines[0].count(sign), sign == ","))
    header = next(_rows(lines[:1], delimiter))
    kind: Kind = "TSV" if delimiter == "\t" else "CSV"
    return Format(kind, tuple(cell.strip() for cell in header), delimiter)


def _table_values(text: str, field: str, found: Format) -> Iterator[str]:
    column = found.fields.index(field)
    lines = text.split("\n")
    filled = (row for row in _rows(lines, found.delimiter) if row)
    next(filled, None)  # the names of the columns
    for row in filled:
        yield _on_one_line(row[column]) if column < len(row) else ""


def _rows(lines: Sequence[str], delimiter: str) -> Iterator[Sequence[str]]:
    csv.field_size_limit(sys.maxsize)  # a cell may be a whole article
    ended = (f"{line}\n" for line in lines)
    if delimiter == "\t" and '"' not in lines[0]:
        return csv.reader(ended, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(ended, delimiter=delimiter)


def _json_values(text: str, field: str) -> Iterator[str]:
    for line in text.split("\n"):
        if line.strip():
            value = (_json_record(line) or {}).get(field)
            is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
            yield _on_one_line(str(value)) if is_text else ""


def _on_one_line(value: str) -> str:
    return " ".join(part for line in value.splitlines() if (part := line.strip()))


def _unknown_field(field: str, name: str, found: Format) -> errors.RequestError:
    return errors.RequestError(
        f"data.field={field[:_MAX_NAME]} is not in {name}; {_field_noun(found.kind)}:"
        f" {_listed(found.fields)}",
        field,
    )


def _field_noun(kind: Kind) -> str:
    return "the keys" if kind == "JSON Lines" else "the columns"


def _listed(fields: Sequence[str]) -> str:
    shown = [ascii(name)[1:-1] if not name.isprintable() else name for name in fields]
    more = f" and {len(shown) - _MAX_NAMES} more" if len(shown) > _MAX_NAMES else ""
    return ", ".join(name[:_MAX_NAME] for name in shown[:_MAX_NAMES]) + more
