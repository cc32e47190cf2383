"""Notes on a text: what was found and repaired while it was read and split."""

from collections.abc import Iterator

from msgspec import Struct

from seqlm.data.encoding import BYTES, Decoded
from seqlm.data.records import Format


class Note(Struct, frozen=True):
    """One sentence about a text; a warning if the result of training may mislead because of it."""

    text: str
    is_warning: bool = False


def count(n: int, noun: str) -> str:
    """Return a number and a noun that takes an s in the plural."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def decoding_notes(decoded: Decoded, is_found: bool = False) -> Iterator[Note]:
    """Yield what decoding had to find out or to repair.

    Args:
        decoded: The decoded text.
        is_found: Whether the encoding was found, and not set by the user. An encoding other than
            UTF-8, UTF-16 and UTF-32 is a guess, so the note is a warning.
    """
    if is_found and decoded.encoding not in ("utf-8", BYTES):
        is_guess = not all(name.startswith("utf-") for name in decoded.encoding.split(", "))
        yield Note(
            f"decoded as {decoded.encoding}; data.encoding=NAME sets another encoding", is_guess
        )
    if decoded.n_undecodable:
        yield Note(
            f"{count(decoded.n_undecodable, 'byte')} could not be decoded as {decoded.encoding};"
            " each is shown as �",
            True,
        )
    if decoded.n_returns:
        yield Note(f"{count(decoded.n_returns, 'lone carriage return')} read as line ends")
    if decoded.n_marks:
        yield Note(f"{count(decoded.n_marks, 'byte order mark')} inside the text removed")
    if decoded.n_nuls:
        yield Note(f"{count(decoded.n_nuls, 'NUL character')} removed")


def format_note(found: Format) -> Note:
    """Return the advice for a text with records that is read as plain text."""
    return Note(
        f"looks like {found}, trained as plain text; data.field=NAME takes one of them", True
    )


def duplicates_note(n_lines: int, n_distinct: int) -> Note:
    """Return the note on a list of which at least half of the lines were duplicates."""
    return Note(f"{n_lines:,} lines, {n_distinct:,} distinct; data.deduplicate=false keeps all")


def repetition_note(share: float, is_list: bool) -> Note:
    """Return the note on the share of the validation text that also occurs in train."""
    what = "validation lines" if is_list else "validation text"
    verb = "occur" if is_list else "occurs"
    found = f"{format_share(share)} of the {what} also {verb} in train"
    if share < WARNING_SHARE:
        return Note(found)
    return Note(f"{found}: there the validation loss measures memorization", True)


WARNING_SHARE = 0.1
"""From this share on, the validation loss says little about new text."""


def format_share(share: float) -> str:
    """Return a share above 0 in percent, neither 0 % nor, below 1, 100 %."""
    return f"{min(99, max(1, round(100 * share))) if share < 1 else 100}%"
