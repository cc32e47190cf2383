"""Sanitizing of text from outside: names, errors and corpus lines that reach a terminal."""

REPLACEMENT = "\ufffd"
"""The sign that stands for a character that cannot be shown."""


def sanitize(text: str, allowed: str = "") -> str:
    """Return ``text`` with each unprintable character replaced by U+FFFD.

    Unprintable characters include the escape codes that a terminal obeys, and line ends.

    Args:
        text: Any text, lone surrogates included.
        allowed: Unprintable characters that stay, e.g. the tab.
    """
    return "".join(c if c.isprintable() or c in allowed else REPLACEMENT for c in text)


def one_line(error: BaseException) -> str:
    """Return a whole error message on one line, without characters that a terminal obeys."""
    return sanitize(" ".join(str(error).split()) or type(error).__name__)
