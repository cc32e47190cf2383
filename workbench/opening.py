"""What the workbench opens with, and the look it has."""

from msgspec import Struct
from textual.theme import Theme

from seqlm.config import RunConfig
from seqlm.runs.directory import RunDirectory
from workbench.preview import Preview
from workbench.render.palette import DARK, Palette

DEFAULT_FPS = 10.0


class Opening(Struct, frozen=True, eq=False):
    """What the workbench opens with.

    Attributes:
        config: What a new run would be made of.
        run: A run to show, or None to begin with ``config``.
        preview: The text of ``config``, if it was quick to read.
        palette: Colours.
        ascii_only: Whether only ASCII signs may be drawn.
        fps: How often a second the log is looked at.
    """

    config: RunConfig
    run: RunDirectory | None = None
    preview: Preview | None = None
    palette: Palette = DARK
    ascii_only: bool = False
    fps: float = DEFAULT_FPS


def theme_of(palette: Palette) -> Theme:
    """Textual's theme in the colours of a palette; one without a ground leaves the terminal's own."""
    is_native = not palette.background
    ground = palette.background or "ansi_default"
    return Theme(
        name="seqlm",
        primary=_colour(palette.train),
        secondary=_colour(palette.label),
        foreground=_colour(palette.plain),
        background=ground,
        surface=ground,
        panel=ground if is_native else _colour(palette.guide),
        dark=palette.name != "light",
        ansi=is_native,
    )


def _colour(style: str) -> str:
    """A colour as Textual names it; a style without one is the terminal's own."""
    if style.startswith("#"):
        return style
    return f"ansi_{style}" if style.isalpha() and style not in ("dim", "bold") else "ansi_default"
