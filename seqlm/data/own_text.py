"""A user's own text: the text of one or several files, decoded and joined."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from seqlm.configuration.data_config import AUTO, LEGACY, DataConfig
from seqlm.data import encoding
from seqlm.data.compressed import NamedBytes
from seqlm.data.encoding import BYTES, Decoded
from seqlm.data.notes import Note, count, decoding_notes, format_note
from seqlm.data.records import detect_format, extract_field
from seqlm.data.text_files import display_name, find_files, read_files
from seqlm.data.text_io import Progress


class OwnText(Struct, frozen=True):
    """Text of a user's files.

    Attributes:
        name: Name for messages.
        raw: Bytes of which a run keeps a copy: those of the file if it is one file of UTF-8 or is
            read byte by byte, or else the text as UTF-8.
        text: The whole text.
        encoding: Encoding of the files; several are separated by commas.
        n_undecodable: Bytes that could not be decoded.
        notes: What was found and repaired while the text was read.
    """

    name: str
    raw: bytes
    text: str
    encoding: str
    n_undecodable: int = 0
    notes: tuple[Note, ...] = ()


def read_own_text(data: DataConfig, progress: Progress | None = None) -> OwnText:
    """Read the files that ``data.corpus`` names.

    Args:
        data: Settings of the corpus.
        progress: Called after each piece with the bytes read and the total size.

    Raises:
        RequestError: A file cannot be read or decoded, or has no field ``data.field``.
    """
    name = display_name(data.corpus)
    return join_files(read_files(find_files(data.corpus), name, progress), name, data)


def join_files(files: Sequence[NamedBytes], name: str, data: DataConfig) -> OwnText:
    """Decode files one by one and join them; each file ends with a line end, except the last.

    Args:
        files: The files, expanded.
        name: Name of all files together.
        data: Settings of the corpus.

    Raises:
        RequestError: A file cannot be decoded, or has no field ``data.field``.
    """
    if data.tokenizer == "byte" and data.field is None:
        return _join_bytes(files, name, data.encoding == LEGACY)
    decoded = [encoding.decode(raw, file, data.encoding) for file, raw in files]
    total, notes = _total(decoded), _counted_files(files)
    texts, names = [one.text for one in decoded], [file.name for file in files]
    if data.field is not None:
        texts, n_missing = _fields(texts, names, data.field)
        notes += [Note(f"{count(n_missing, 'record')} without {data.field}")] if n_missing else []
    elif data.encoding != LEGACY and (found := detect_format(texts[0], names[0])) is not None:
        notes.append(format_note(found))
    text, n_surrogates = encoding.without_surrogates(_joined(texts))
    total = replace(total, text=text, n_undecodable=total.n_undecodable + n_surrogates)
    is_plain = len(files) == 1 and data.field is None and total.encoding == "utf-8"
    return OwnText(
        name=name,
        raw=files[0].raw if is_plain else text.encode(),
        text=text,
        encoding=total.encoding,
        n_undecodable=total.n_undecodable,
        notes=(*notes, *decoding_notes(total, data.encoding == AUTO)),
    )


def _join_bytes(files: Sequence[NamedBytes], name: str, is_legacy: bool) -> OwnText:
    """Join files byte by byte, with nothing between them."""
    raw = b"".join(file.raw for file in files)
    if is_legacy:
        decoded = encoding.decode_legacy(raw, name, keep_bytes=True)
        return OwnText(name, raw, decoded.text, BYTES, decoded.n_undecodable)
    decoded = encoding.decode_bytes(raw)
    notes = (*_counted_files(files), *decoding_notes(decoded))
    return OwnText(name, raw, decoded.text, BYTES, notes=notes)


def _counted_files(files: Sequence[NamedBytes]) -> list[Note]:
    return [Note(f"{len(files):,} files joined")] if len(files) > 1 else []


def _fields(texts: Sequence[str], names: Sequence[str], field: str) -> tuple[list[str], int]:
    """Return one field of the records of each text, and the number of records without it."""
    found = [extract_field(text, field, name) for text, name in zip(texts, names, strict=True)]
    return [text for text, _ in found], sum(n for _, n in found)


def _joined(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    ended = [text if text.endswith("\n") else f"{text}\n" for text in texts[:-1] if text]
    return "".join((*ended, texts[-1]))


def _total(decoded: Sequence[Decoded]) -> Decoded:
    """Return the encodings and the repairs of all texts together, without the text."""
    encodings = Counter(one.encoding for one in decoded)
    return Decoded(
        text="",
        encoding=", ".join(name for name, _ in encodings.most_common()),
        n_undecodable=sum(one.n_undecodable for one in decoded),
        n_returns=sum(one.n_returns for one in decoded),
        n_marks=sum(one.n_marks for one in decoded),
        n_nuls=sum(one.n_nuls for one in decoded),
    )
