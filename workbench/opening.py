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
    """Textual's theme in the colours of a palette; where that names none, in those of the dark one."""
    background = palette.background or DARK.background
    return Theme(
        name="seqlm",
        primary=_hex(palette.train, DARK.train),
        secondary=_hex(palette.label, DARK.label),
        foreground=_hex(palette.plain, DARK.plain),
        background=background,
        surface=background,
        panel=_hex(palette.guide, DARK.guide),
        dark=palette.name != "light",
    )


def _hex(style: str, otherwise: str) -> str:
    return style if style.startswith("#") else otherwise
