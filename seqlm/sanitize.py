"""Sanitizing of text from outside: names, errors and corpus lines that reach a terminal.

Names of files, corpora and runs, error messages, logs and texts may contain escape sequences, marks
without a base character, or bytes that are not UTF-8. A terminal could obey them, draw them over
other text, or reverse the reading direction. The command line and the screen sanitize all such text
with this module.
"""

import re
import unicodedata
from functools import lru_cache

from seqlm.error_text import describe_os_error

REPLACEMENT = "\ufffd"
"""The sign for a byte that is not text, or for half a character."""
INVISIBLE = "\u25af"
"""The sign for a character that has no picture: a joiner, a selector, a mark of the direction."""
MAX_MARKS = 3
"""Combining marks that may follow one character."""

_MAX_WORD, _WORD_START, _WORD_END = 300, 60, 20
_DOTTED_CIRCLE = "\u25cc"
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
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
)
_UNDECODABLE = range(0x10F880, 0x10F900)  # bytes that were not UTF-8 (seqlm.data.encoding)
_EMOJI = "#*0-9©®‼⁉™ℹ↔-↪⌚-⏿Ⓜ▪-◾☀-➿⤴⤵⬅-⭕〰〽㊗㊙\U0001f000-\U0001faff"
_EMOJI_PARTS = re.compile(
    f"(?<=[{_EMOJI}])[\ufe0e\ufe0f]"  # text or color
    f"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"  # family, profession
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"  # flag of a region
)
"""Joiners of the parts of one emoji: drawn as nothing, so that each part has a certain width."""


def sanitize(text: str, max_chars: int | None = None, *, allowed: str = "") -> str:
    """Return the text with every character that could control the terminal replaced.

    Control characters, tab and newline included, become control pictures such as ``␊``. Invisible
    characters and those that change the reading direction become ``▯``, except within an emoji,
    and what is no character becomes U+FFFD. At most three combining marks follow one another, and a
    mark without a base gets a dotted circle. The function is idempotent.

    Args:
        text: Any text, lone surrogates included.
        max_chars: Maximum length of the result; a shortened text ends with ``…``.
        allowed: Characters that stay as they are, e.g. the tab.
    """
    if max_chars is not None:
        return _shortened(text, max_chars)
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in _EMOJI_PARTS.sub("", text):
        if char in allowed:
            shown, is_mark = char, False
        else:
            shown, is_mark = _shown(char)
        marks = marks + 1 if is_mark else 0
        if marks > MAX_MARKS:
            continue
        if is_mark and not kept:
            kept.append(_DOTTED_CIRCLE)
        kept.append(shown)
    return "".join(kept)


def one_line(error: BaseException) -> str:
    """Return a whole error message on one line, without characters that a terminal obeys.

    A word of hundreds of characters is shortened, so that the rest of the message stays readable.
    """
    message = describe_os_error(error) if isinstance(error, OSError) else str(error)
    words = (
        word if len(word) <= _MAX_WORD else f"{word[:_WORD_START]}...{word[-_WORD_END:]}"
        for word in message.split()
    )
    return sanitize(" ".join(words) or type(error).__name__)


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
    from rich.cells import cell_len  # not needed for ASCII, the text of almost every message

    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code), False
    if code == 0x7F:
        return "\u2421", False
    category = unicodedata.category(char)
    if category == "Cs" or code in _UNDECODABLE:
        return REPLACEMENT, False
    if category in _INVISIBLE_CATEGORIES or _is_invisible(code):
        return INVISIBLE, False
    return char, category.startswith("M") or cell_len(char) == 0


def _is_invisible(code: int) -> bool:
    """Return whether the code point is a filler, a selector or a noncharacter."""
    is_noncharacter = code & 0xFFFE == 0xFFFE
    return is_noncharacter or any(first <= code <= last for first, last in _INVISIBLE_RANGES)
