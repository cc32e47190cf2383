"""Drawing of text in terminal cells: fitting to a width, tokens as signs, and the ASCII signs.

The text is sanitized first, because other text has no certain width.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, set_cell_size

from seqlm.sanitize import sanitize

END = "\u220e"

_ASCII_SIGNS = {
    END: "$", "␣": "_", "␊": "/", "␉": ">", "…": "~", "▸": ">", "◂": "<", "●": "*",
    "○": "o", "■": "#", "✗": "x", "✓": "+", "↻": "@", "→": ">", "←": "<", "·": ".",
    "↓": "v", "↑": "^", "⠒": "-", "├": "|", "┤": "|", "╎": "|", "┼": "|", "−": "-",
    "–": "-", "—": "-", "÷": "/", "×": "x", "▲": "^", "‖": "=", "▔": "-", "🔎": "> ",
    "«": '"', "»": '"', "’": "'", "“": '"', "”": '"', "░": ".", "▒": ":",
    **dict.fromkeys("▁▂▃", "_"), **dict.fromkeys("▏▎▍▌▋▊▉▐▕", "|"),
}  # fmt: skip

_RULES = " ─-"
_CONTROLS = {code: ascii(chr(code))[1:-1] for code in (*range(0x20), 0x7F)}
_ASCII_ESCAPES = {
    ord(END): "$",
    ord(" "): "_",
    **_CONTROLS,
    **{ord(sanitize(chr(code))): escape for code, escape in _CONTROLS.items()},
}


def token_glyph(token: str, ascii_only: bool = False) -> str:
    r"""Return a token, or a text of tokens, with visible spaces and newlines.

    The end token is ``∎``, a space ``␣``, a newline ``␊``; with `ascii_only` they are ``$``, ``_``
    and ``\n``, and other characters are written as escapes, also in a text that is sanitized already.
    """
    if not ascii_only:
        return sanitize(token).replace(" ", "␣")
    return token.translate(_ASCII_ESCAPES).encode("ascii", "backslashreplace").decode("ascii")


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


def needs_mark(text: str, width: int) -> bool:
    """Return whether a text loses more than blanks and rules where it is cut to a width."""
    if width <= 0 or cell_len(text) <= width:
        return False
    kept = set_cell_size(text, width)
    is_halved = not text.startswith(kept)  # a blank in place of half a wide character
    return bool(text[len(kept) - is_halved :].strip(_RULES))


def keep_end(text: str, n_cells: int) -> str:
    """Return the end of a text in at most `n_cells` cells, with ``…`` in front if shortened."""
    if cell_len(text) <= n_cells:
        return text
    kept = text[1 - n_cells :]
    while cell_len(kept) >= n_cells:
        kept = kept[1:]
    return f"…{kept}"


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
