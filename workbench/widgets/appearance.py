"""Appearance of a pane: palette, character set and key labels; helpers for rows of rich text."""

from functools import lru_cache

from msgspec import Struct
from rich.console import OverflowMethod
from rich.style import Style
from rich.text import Text

from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.render.palette import DARK, Palette
from workbench.render.sanitize import needs_mark, to_ascii


class Appearance(Struct, frozen=True):
    """Palette, character set and key labels.

    Attributes:
        palette: Colors by role.
        ascii_only: Whether only ASCII characters are drawn.
        keys: Labels of the keys.
    """

    palette: Palette = DARK
    ascii_only: bool = False
    keys: KeyLabels = DEFAULT_KEYS

    def sign(self, text: str) -> str:
        """Return the text, in ASCII if only ASCII is drawn."""
        return to_ascii(text) if self.ascii_only else text


def finish_row(row: Text, width: int, appearance: Appearance) -> Text:
    """Return the row cut or padded to `width` cells, in ASCII if only ASCII is drawn."""
    done = fit_row(row, width)
    if appearance.ascii_only and not done.plain.isascii():
        done.plain = "".join(c if c.isascii() else appearance.sign(c)[0] for c in done.plain)
    return done


def mark_clickable(row: Text, begin: int, **meta: int) -> None:
    """Attach metadata for clicks, such as ``candidate=3``, to a row from character `begin` on."""
    row.stylize(_meta_style(*meta.items()), begin)


@lru_cache(maxsize=4096)
def _meta_style(*items: tuple[str, int]) -> Style:
    return Style.from_meta(dict(items))


def fit_row(text: Text, width: int) -> Text:
    """Return the row padded to `width` terminal cells, or cut with a mark where text is lost."""
    row = text.copy()
    # Rich renders a text without spans without its own style, so the style is added as a span.
    if row.style:
        row.stylize_before(row.style)
    overflow: OverflowMethod = "ellipsis" if needs_mark(row.plain, width) else "crop"
    row.truncate(max(0, width), overflow=overflow, pad=True)
    return row


def join_ends(left: Text, right: Text, width: int) -> Text:
    """Return a row with one text at each end; the right one is left out where it does not fit."""
    gap = width - left.cell_len - right.cell_len
    if gap < 1 or not right.cell_len:
        return fit_row(left, width)
    row = left.copy()
    row.append(" " * gap)
    row.append_text(right)
    return fit_row(row, width)
