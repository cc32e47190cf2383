"""How a pane is drawn: which colours, and whether with ASCII signs alone."""

from functools import lru_cache

from msgspec import Struct
from rich.style import Style
from rich.text import Text

from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.render.palette import DARK, Palette
from workbench.render.sanitize import to_ascii


class Appearance(Struct, frozen=True):
    """Colours by meaning, the signs that the terminal's font has, and how the keys are called."""

    palette: Palette = DARK
    ascii_only: bool = False
    keys: KeyLabels = DEFAULT_KEYS

    def sign(self, text: str) -> str:
        """The text as it is, or its ASCII stand-in."""
        return to_ascii(text) if self.ascii_only else text


def finish_row(row: Text, width: int, look: Appearance) -> Text:
    """The row cut or filled to `width` cells; no sign outside ASCII is left where none may be."""
    done = fit_row(row, width)
    if look.ascii_only and not done.plain.isascii():
        done.plain = "".join(sign if sign.isascii() else look.sign(sign)[0] for sign in done.plain)
    return done


def mark_clickable(row: Text, begin: int, **what: int) -> None:
    """Has what stands in a row from a character on tell a click what it is: ``{"candidate": 3}``."""
    row.stylize(_meaning(*what.items()), begin)


@lru_cache(maxsize=4096)
def _meaning(*what: tuple[str, int]) -> Style:
    return Style.from_meta(dict(what))


def fit_row(text: Text, width: int) -> Text:
    """The row cut or filled to `width` terminal cells."""
    row = text.copy()
    # A text without spans is rendered without its own style, so the style becomes a span.
    if row.style:
        row.stylize_before(row.style)
    row.truncate(max(0, width), overflow="crop", pad=True)
    return row


def join_ends(left: Text, right: Text, width: int) -> Text:
    """Two texts at the two ends of a row; the right one is left out where it does not fit."""
    gap = width - left.cell_len - right.cell_len
    if gap < 1 or not right.cell_len:
        return fit_row(left, width)
    row = left.copy()
    row.append(" " * gap)
    row.append_text(right)
    return fit_row(row, width)
