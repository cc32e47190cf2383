"""Sanitizing of text from outside, and fitting of text to a width in terminal cells.

Corpus lines, tokens, file names and error messages come from outside. A raw escape code in one of
them could move the cursor, write the clipboard or reverse the reading direction. All such text
passes through `sanitize` before it is drawn. The command line has its own, simpler form in
`seqlm.sanitize`; both use the same replacement character.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, set_cell_size

from seqlm.sanitize import REPLACEMENT

END = "\u220e"
MAX_MARKS = 3

_DOTTED_CIRCLE = "\u25cc"
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Fillers, variation selectors and reserved code points. Their category does not show that nothing
# is drawn, and terminals disagree about the width of the text around them.
_INVISIBLE_RANGES = (
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
    """Return the text with every character that could control the terminal replaced.

    Control characters, tab and newline included, become control pictures such as ``␊``. Invisible
    characters and those that change the reading direction become U+FFFD. At most three combining
    marks follow one another, and a mark without a base gets a dotted circle. The function is
    idempotent.

    Args:
        text: Any text, lone surrogates included.
        max_chars: Maximum length of the result; a shortened text ends with ``…``.
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
    r"""Return a token, or a text of tokens, with visible spaces and newlines.

    The end token is ``∎``, a space ``␣``, a newline ``␊``; with `ascii_only` they are ``$``, ``_``
    and ``\n``, and other characters are written as escapes.
    """
    if not ascii_only:
        return sanitize(token).replace(" ", "␣")
    escaped = token.replace(END, "$").replace(" ", "_").replace("\n", "\\n").replace("\t", "\\t")
    return sanitize(escaped.encode("ascii", "backslashreplace").decode("ascii")).translate(
        {0x2400 + code: f"\\x{code:02x}" for code in range(0x20)} | {0x2421: "\\x7f"}
    )


def to_ascii(text: str) -> str:
    """Return the sanitized text in ASCII with the same width; unknown characters become ``?``."""
    return signs_to_ascii(sanitize(text))


def signs_to_ascii(drawn: str) -> str:
    """Return terminal output in ASCII; escape codes stay unchanged."""
    return drawn if drawn.isascii() else "".join(map(_ascii_sign, drawn))


def fit(
    text: str, width: int, align: Literal["left", "right"] = "left", ascii_only: bool = False
) -> str:
    """Return the text cut or padded to exactly `width` terminal cells.

    A wide character takes two cells. A shortened text ends with ``…`` (``~`` in ASCII). The text is
    sanitized first, because other text has no certain width.
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
    """Return the end of a text in at most `n_cells` cells, with ``…`` in front if shortened."""
    if cell_len(text) <= n_cells:
        return text
    kept = text[1 - n_cells :]
    while cell_len(kept) >= n_cells:
        kept = kept[1:]
    return f"…{kept}"


def _shortened(text: str, max_chars: int) -> str:
    """Return at most `max_chars` sanitized characters, without reading all of a long text."""
    if max_chars <= 0:
        return ""
    # A character may have several marks, and a mark may need a dotted circle: a few times the
    # length is enough, however long the text is.
    beginning = text[: (MAX_MARKS + 1) * max_chars + 1]
    sanitized = sanitize(beginning)
    if len(sanitized) <= max_chars and len(beginning) == len(text):
        return sanitized
    return sanitized[: max_chars - 1] + "…"


@lru_cache(maxsize=8192)
def _shown(char: str) -> tuple[str, bool]:
    """Return the character to show, and whether it combines with the previous one."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code), False
    if code == 0x7F:
        return "\u2421", False
    category = unicodedata.category(char)
    if category in _INVISIBLE_CATEGORIES or _is_invisible(code):
        return REPLACEMENT, False
    return char, category.startswith("M") or cell_len(char) == 0


def _is_invisible(code: int) -> bool:
    """Return whether the code point is a filler, a selector or a noncharacter."""
    is_noncharacter = code & 0xFFFE == 0xFFFE
    return is_noncharacter or any(first <= code <= last for first, last in _INVISIBLE_RANGES)


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
    """Return the ASCII form of a box-drawing character from its Unicode name."""
    words = set(name.split())
    if words & {"VERTICAL", "UP", "DOWN"}:
        return "+" if words & {"HORIZONTAL", "LEFT", "RIGHT"} else "|"
    return "=" if words & {"HEAVY", "DOUBLE"} else "-"
