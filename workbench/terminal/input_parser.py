"""Parser of terminal input: keys, mouse events and pasted text."""

from collections.abc import Generator, Iterator

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.message import Message

from seqlm.sanitize import sanitize

_MAX_PASTE = 1 << 16
_PASTE_START, _PASTE_END = "\x1b[200~", "\x1b[201~"
_MARKER_LENGTH = len(_PASTE_START)


class InputParser:
    """Parser that turns characters from the terminal into messages.

    Textual's parser reads the keys. Pasted text bypasses it, because Textual's parser would read an
    escape code in a pasted text as keys. Invalid sequences are dropped.
    """

    def __init__(self) -> None:
        self._parser = XTermParser(constants.DEBUG)
        self._before = ""
        self._pasted: str | None = None

    def feed(self, text: str) -> Iterator[Message]:
        """Yield the messages that these characters complete."""
        while text:
            text = yield from self._keys(text) if self._pasted is None else self._paste(text)

    def tick(self) -> Iterator[Message]:
        """Yield the messages that a pause completes: the escape key alone."""
        yield from self._parser.tick()

    def _keys(self, text: str) -> Generator[Message, None, str]:
        """Yield the keys up to the start of a paste; return the text after it."""
        begin = (self._before + text).find(_PASTE_START)
        end = len(text) if begin < 0 else begin + _MARKER_LENGTH - len(self._before)
        yield from self._parsed(text[:end])
        self._before = (self._before + text[:end])[1 - _MARKER_LENGTH :]
        if begin >= 0:
            self._pasted, self._before = "", ""
        return text[end:]

    def _paste(self, text: str) -> Generator[Message, None, str]:
        """Yield the paste once its end has come; return the text after it."""
        pasted = (self._pasted or "") + text
        end = pasted.find(_PASTE_END, max(0, len(self._pasted or "") - _MARKER_LENGTH))
        if end < 0:
            is_long = len(pasted) > 2 * _MAX_PASTE
            self._pasted = pasted[:_MAX_PASTE] + pasted[-_MARKER_LENGTH:] if is_long else pasted
            return ""
        self._pasted = None
        yield events.Paste(_sanitize_lines(pasted[: min(end, _MAX_PASTE)]))
        yield from self._parsed(_PASTE_END)  # the parser has seen the start marker
        return pasted[end + _MARKER_LENGTH :]

    def _parsed(self, text: str) -> Iterator[Message]:
        try:
            for message in self._parser.feed(text) if text else ():
                if not isinstance(
                    message, events.Paste
                ):  # an empty paste: its text bypassed the parser
                    yield message
        except (ValueError, OverflowError):  # for example an unknown key number
            self._parser = XTermParser(constants.DEBUG)


def _sanitize_lines(text: str) -> str:
    """Return a pasted text with each line sanitized; terminals end pasted lines with a CR."""
    return "\n".join(map(sanitize, text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))
