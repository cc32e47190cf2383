"""What a person typed or pasted, from the characters that a terminal sends."""

from collections.abc import Generator, Iterator

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.message import Message

from workbench.render.sanitize import sanitize

_LONGEST_PASTE = 1 << 16
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
_MARK = len(_PASTE_BEGINS)


class InputParser:
    """Characters from a terminal, made into what a person did.

    Textual's parser reads the keys. What is pasted goes past it: it would take an escape code in a
    pasted text, and what follows, for keys. A sequence that it cannot read is left out.
    """

    def __init__(self) -> None:
        self._parser = XTermParser(constants.DEBUG)
        self._before = ""
        self._pasted: str | None = None

    def feed(self, text: str) -> Iterator[Message]:
        """What these characters mean, with those that came before."""
        while text:
            text = yield from self._keys(text) if self._pasted is None else self._paste(text)

    def tick(self) -> Iterator[Message]:
        """What is clear because nothing followed: the escape key alone."""
        yield from self._parser.tick()

    def _keys(self, text: str) -> Generator[Message, None, str]:
        """The keys up to where a paste begins; returns what follows."""
        begin = (self._before + text).find(_PASTE_BEGINS)
        end = len(text) if begin < 0 else begin + _MARK - len(self._before)
        yield from self._parsed(text[:end])
        self._before = (self._before + text[:end])[1 - _MARK :]
        if begin >= 0:
            self._pasted, self._before = "", ""
        return text[end:]

    def _paste(self, text: str) -> Generator[Message, None, str]:
        """What is pasted up to its end; returns what follows."""
        pasted = (self._pasted or "") + text
        end = pasted.find(_PASTE_ENDS, max(0, len(self._pasted or "") - _MARK))
        if end < 0:
            is_long = len(pasted) > 2 * _LONGEST_PASTE
            self._pasted = pasted[:_LONGEST_PASTE] + pasted[-_MARK:] if is_long else pasted
            return ""
        self._pasted = None
        yield events.Paste(_harmless(pasted[: min(end, _LONGEST_PASTE)]))
        yield from self._parsed(_PASTE_ENDS)  # the parser saw where it began
        return pasted[end + _MARK :]

    def _parsed(self, text: str) -> Iterator[Message]:
        try:
            for message in self._parser.feed(text) if text else ():
                if not isinstance(message, events.Paste):  # an empty one: its text went past
                    yield message
        except (ValueError, OverflowError):  # e.g. the number of a key that there is not
            self._parser = XTermParser(constants.DEBUG)


def _harmless(text: str) -> str:
    """A pasted text that no field can draw as anything but text; a terminal ends its lines with a CR."""
    return "\n".join(map(sanitize, text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))
