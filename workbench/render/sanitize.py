"""Outside text made harmless, and text cut or filled to an exact number of terminal cells.

Corpus lines, tokens, file names and error messages come from outside. A raw escape code in
one of them could move the cursor, write the clipboard or turn the reading direction. `clean`
is the one door through which such text enters the screen.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, set_cell_size

from seqlm.sanitize import REPLACEMENT

END = "\u220e"
MAX_MARKS = 3

_DOTTED_CIRCLE = "\u25cc"
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Fillers, variation selectors and reserved invisibles. Their category does not tell that
# nothing is drawn, and terminals disagree about how wide the text around them becomes.
_UNSEEN_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
    (0x10F880, 0x10F8FF),  # bytes that were not UTF-8 (seqlm.data.text_io)
)
_ASCII_SIGNS = {
    END: "$", "␣": "_", "␊": "/", "␉": ">", "…": "~", "▸": ">", "◂": "<", "●": "*",
    "○": "o", "■": "#", "✗": "x", "✓": "+", "↻": "@", "→": ">", "←": "<", "·": ".",
    "↓": "v", "↑": "^", "⠒": "-", "├": "|", "┤": "|", "╎": "|", "┼": "|", "−": "-",
    "–": "-", "—": "-", "÷": "/", "×": "x", "▲": "^", "‖": "=", "▔": "-", "🔎": "> ",
    "«": '"', "»": '"', "’": "'", "“": '"', "”": '"', "░": ".", "▒": ":",
    **dict.fromkeys("▁▂▃", "_"), **dict.fromkeys("▏▎▍▌▋▊▉▐▕", "|"),
}  # fmt: skip


def sanitize(text: str, max_chars: int | None = None) -> str:
    """Makes any text safe to show: what could steer the terminal becomes a visible sign.

    Control characters (tab and newline too) become control pictures such as ``␊``. What is
    invisible or turns the reading direction becomes U+FFFD. At most three combining marks
    follow one another, and a mark that has nothing to stand on gets a dotted circle.
    Cleaning twice changes nothing.

    Args:
        text: Anything, lone surrogates included.
        max_chars: If given, the result has at most this many characters, the last one ``…``
            where something was cut.
    """
    if max_chars is not None:
        return _shortened(text, max_chars)
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        shown, is_mark = _shown(char)
        marks = marks + 1 if is_mark else 0
        if marks > MAX_MARKS:
            continue
        if is_mark and not kept:
            kept.append(_DOTTED_CIRCLE)
        kept.append(shown)
    return "".join(kept)


def token_glyph(token: str, ascii_only: bool = False) -> str:
    r"""Returns how a token, or a text of them, is shown: a space or a line end can be seen.

    The end token is ``∎``, a space ``␣``, a newline ``␊``; with `ascii_only` they are ``$``,
    ``_`` and ``\n``, and a letter outside ASCII is written as its escape.
    """
    if not ascii_only:
        return sanitize(token).replace(" ", "␣")
    escaped = token.replace(END, "$").replace(" ", "_").replace("\n", "\\n").replace("\t", "\\t")
    return sanitize(escaped.encode("ascii", "backslashreplace").decode("ascii")).translate(
        {0x2400 + code: f"\\x{code:02x}" for code in range(0x20)} | {0x2421: "\\x7f"}
    )


def to_ascii(text: str) -> str:
    """Returns the text in ASCII alone, as wide as it was: known signs by a stand-in, others by ``?``."""
    return signs_to_ascii(sanitize(text))


def signs_to_ascii(drawn: str) -> str:
    """The same in ASCII for what is drawn already: escape codes stay as they are."""
    return drawn if drawn.isascii() else "".join(map(_ascii_sign, drawn))


def fit(
    text: str, width: int, align: Literal["left", "right"] = "left", ascii_only: bool = False
) -> str:
    """Cuts or fills the text to exactly `width` terminal cells.

    A wide letter takes two cells. Where something was cut the last sign is ``…`` (``~`` in
    ASCII). The text is cleaned first, for an uncleaned one has no certain width.
    """
    shown = to_ascii(text) if ascii_only else sanitize(text)
    if width <= 0:
        return ""
    n_cells = cell_len(shown)
    if n_cells > width:
        return set_cell_size(shown, width - 1) + ("~" if ascii_only else "…")
    padding = " " * (width - n_cells)
    return padding + shown if align == "right" else shown + padding


def keep_end(text: str, n_cells: int) -> str:
    """The end of a text in at most this many cells; a sign in front tells that there is more."""
    if cell_len(text) <= n_cells:
        return text
    kept = text[1 - n_cells :]
    while cell_len(kept) >= n_cells:
        kept = kept[1:]
    return f"…{kept}"


def _shortened(text: str, max_chars: int) -> str:
    """Cleans no more of a long text than can be shown."""
    if max_chars <= 0:
        return ""
    # One kept letter can bring its marks along, and a mark may need a circle: a few times
    # the length is enough to look at, however long the text is.
    looked_at = text[: (MAX_MARKS + 1) * max_chars + 1]
    cleaned = sanitize(looked_at)
    if len(cleaned) <= max_chars and len(looked_at) == len(text):
        return cleaned
    return cleaned[: max_chars - 1] + "…"


@lru_cache(maxsize=8192)
def _shown(char: str) -> tuple[str, bool]:
    """Returns the sign shown for one character, and whether it stands on the one before."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code), False
    if code == 0x7F:
        return "\u2421", False
    category = unicodedata.category(char)
    if category in _UNSEEN_CATEGORIES or _is_unseen(code):
        return REPLACEMENT, False
    return char, category.startswith("M") or cell_len(char) == 0


def _is_unseen(code: int) -> bool:
    """Tells whether the code point is a filler, a selector or no character at all."""
    is_noncharacter = code & 0xFFFE == 0xFFFE
    return is_noncharacter or any(first <= code <= last for first, last in _UNSEEN_RANGES)


@lru_cache(maxsize=8192)
def _ascii_sign(char: str) -> str:
    if char.isascii():
        return char
    if char in _ASCII_SIGNS:
        return _ASCII_SIGNS[char]
    name = unicodedata.name(char, "")
    if name.startswith("BOX DRAWINGS"):
        return _ascii_line(name)
    return "#" if "\u2580" <= char <= "\u259f" else "?" * cell_len(char)


def _ascii_line(name: str) -> str:
    """A border by its name in Unicode, which says where its arms go and how heavy they are."""
    words = set(name.split())
    if words & {"VERTICAL", "UP", "DOWN"}:
        return "+" if words & {"HORIZONTAL", "LEFT", "RIGHT"} else "|"
    return "=" if words & {"HEAVY", "DOUBLE"} else "-"
