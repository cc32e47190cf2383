"""What the workbench opens with, and the look it has."""

from msgspec import Struct
from textual.theme import Theme

from seqlm.configuration.run_config import RunConfig
from seqlm.runs.directory import RunDirectory
from workbench.corpus.preview import Preview
from workbench.render.palette import DARK, Palette

DEFAULT_FPS = 10.0
_NATIVE_GROUNDS = (
    "ansi-background",
    "ansi-foreground",
    "border-blurred",
    "block-cursor-foreground",
    "block-cursor-background",
    "input-cursor-foreground",
    "input-cursor-background",
    "input-selection-foreground",
    "screen-selection-foreground",
)
_CURSOR_GROUNDS = ("block-cursor-background", "block-cursor-blurred-background")
_CURSOR_SIGNS = ("block-cursor-foreground", "block-cursor-blurred-foreground")
_CURSOR_STYLES = ("block-cursor-text-style", "block-cursor-blurred-text-style")
_CURSOR_SHADE = 20


class StartupOptions(Struct, frozen=True, eq=False):
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


def make_theme(palette: Palette) -> Theme:
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
        panel=ground,
        dark=palette.name != "light",
        ansi=is_native,
        variables=_native_variables(palette) if is_native else _cursor_variables(palette),
    )


def _cursor_variables(palette: Palette) -> dict[str, str]:
    """The line under the cursor of a list keeps its colours: they are read on a shade of its ground."""
    ground = dict.fromkeys(_CURSOR_GROUNDS, f"{palette.train} {_CURSOR_SHADE}%")
    return ground | dict.fromkeys(_CURSOR_SIGNS, palette.plain)


def _native_variables(palette: Palette) -> dict[str, str]:
    """What Textual does not derive where the terminal's own colours are used: cursors are reversed."""
    selected = "ansi_default" if palette.name == "none" else "ansi_blue"
    return {
        **dict.fromkeys(_NATIVE_GROUNDS, "ansi_default"),
        # Textual's lists leave "reverse" out.
        **dict.fromkeys(_CURSOR_STYLES, "bold underline"),
        "input-cursor-text-style": "reverse",
        "input-selection-background": selected,
        "screen-selection-background": selected,
    }


def _colour(style: str) -> str:
    """A colour as Textual names it; a style without one is the terminal's own."""
    if style.startswith("#"):
        return style
    return f"ansi_{style}" if style.isalpha() and style not in ("dim", "bold") else "ansi_default"
