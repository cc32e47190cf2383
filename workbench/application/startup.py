"""Options of the start, and the theme of Textual."""

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
    """Options of the start.

    Attributes:
        config: Configuration of the next run.
        run: Run to show; None to start with ``config``.
        preview: Corpus of ``config``, if it was loaded before the screen.
        palette: Colors.
        ascii_only: Whether only ASCII characters are shown.
        fps: Reads of the event log per second.
    """

    config: RunConfig
    run: RunDirectory | None = None
    preview: Preview | None = None
    palette: Palette = DARK
    ascii_only: bool = False
    fps: float = DEFAULT_FPS


def make_theme(palette: Palette) -> Theme:
    """Return a Textual theme of a palette; a palette without background keeps that of the terminal."""
    is_native = not palette.background
    ground = palette.background or "ansi_default"
    return Theme(
        name="seqlm",
        primary=_color(palette.train),
        secondary=_color(palette.label),
        foreground=_color(palette.plain),
        background=ground,
        surface=ground,
        panel=ground,
        dark=palette.name != "light",
        ansi=is_native,
        variables=_native_variables(palette) if is_native else _cursor_variables(palette),
    )


def _cursor_variables(palette: Palette) -> dict[str, str]:
    """Return variables that keep the colors of a selected row on a shaded background."""
    ground = dict.fromkeys(_CURSOR_GROUNDS, f"{palette.train} {_CURSOR_SHADE}%")
    return ground | dict.fromkeys(_CURSOR_SIGNS, palette.plain)


def _native_variables(palette: Palette) -> dict[str, str]:
    """Return variables that Textual does not derive for native colors; cursors are reversed."""
    selected = "ansi_default" if palette.name == "none" else "ansi_blue"
    return {
        **dict.fromkeys(_NATIVE_GROUNDS, "ansi_default"),
        # Lists of Textual do not support "reverse".
        **dict.fromkeys(_CURSOR_STYLES, "bold underline"),
        "input-cursor-text-style": "reverse",
        "input-selection-background": selected,
        "screen-selection-background": selected,
    }


def _color(style: str) -> str:
    """Return a color in Textual's notation; the default color for a style without one."""
    if style.startswith("#"):
        return style
    return f"ansi_{style}" if style.isalpha() and style not in ("dim", "bold") else "ansi_default"
