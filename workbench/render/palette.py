"""Palettes: one rich style for each role, in five palettes.

Every role has a character of its own besides its color (``o``, ``┄``, ``✗`` ...), so that no
information is in color alone. All text has a contrast of at least 4.5 to 1 (WCAG 2.1, 1.4.3).
"""

import math
from bisect import bisect_right

from msgspec import Struct

from workbench.render.chart.spec import Role

SURPRISAL_THRESHOLDS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
SURPRISAL_BLOCKS = "▁▂▃▄▅▆█"
ASCII_SURPRISAL_BLOCKS = "0123456"


class Palette(Struct, frozen=True):
    """Rich style string for each role.

    Attributes:
        name: Name for the ``--palette`` option.
        background: Background of the screen; empty keeps the terminal's.
        plain: Normal text.
        train: Training loss.
        val: Validation loss.
        best: Best validation loss; success.
        guide: Reference lines, axes, tokens removed by a sampling stage.
        label: Labels and secondary text.
        mark: Changes of settings.
        warning: Warnings.
        error: Errors.
        waiting: Pending changes, loading.
        negative: Negative differences.
        positive: Positive differences.
        band: Background between the lowest and the highest loss; empty draws none.
        surprisal: Seven styles by surprisal, from expected to very surprising.
    """

    name: str
    background: str
    plain: str
    train: str
    val: str
    best: str
    guide: str
    label: str
    mark: str
    warning: str
    error: str
    waiting: str
    negative: str
    positive: str
    band: str
    surprisal: tuple[str, str, str, str, str, str, str]

    def style(self, role: Role) -> str:
        """Return the rich style of a role; band roles get the background of the band.

        ``surprisal_0`` to ``surprisal_6`` are the styles of the levels of surprisal.
        """
        if role.startswith("surprisal_"):
            return self.surprisal[int(role[-1])]
        if role == "band":
            return _on(self.plain, self.band)
        base: str = getattr(self, role.removeprefix("band_"))
        return _on(base, self.band) if role.startswith("band_") else base


DARK = Palette(
    name="dark",
    background="#101418",
    plain="#E6EDF3",
    train="#6CB6FF",
    val="#FFB454",
    best="#7FD99A",
    guide="#8490A0",
    label="#A9B4C0",
    mark="#D2A8FF",
    warning="#F2D15C",
    error="#FF7B72",
    waiting="#D2A8FF",
    negative="#6CB6FF",
    positive="#FFB454",
    band="#18212B",
    surprisal=(
        "#E6EDF3 on #101418",
        "#E6EDF3 on #2C2340",
        "#E6EDF3 on #5A2A55",
        "#FFFFFF on #94324F",
        "#101418 on #E0703F",
        "#101418 on #F59A3C",
        "#101418 on #FFE08A",
    ),
)
LIGHT = Palette(
    name="light",
    background="#FBFBF8",
    plain="#1B1F24",
    train="#0B5FB0",
    val="#A65300",
    best="#1A6E36",
    guide="#646D78",
    label="#4B535D",
    mark="#7A3EB1",
    warning="#7A5B00",
    error="#B3261E",
    waiting="#7A3EB1",
    negative="#0B5FB0",
    positive="#A65300",
    band="#EEF1F4",
    surprisal=(
        "#1B1F24 on #FBFBF8",
        "#1B1F24 on #FFE9B8",
        "#1B1F24 on #FFC978",
        "#1B1F24 on #F59A3C",
        "#1B1F24 on #E0703F",
        "#FFFFFF on #94324F",
        "#FFFFFF on #4A1F45",
    ),
)
COLOR_BLIND = Palette(
    name="color-blind",
    background="#101418",
    plain="#E6EDF3",
    train="#56B4E9",
    val="#E69F00",
    best="#00B98A",
    guide="#8490A0",
    label="#A9B4C0",
    mark="#CC79A7",
    warning="#F0E442",
    error="#FF8A4C",
    waiting="#CC79A7",
    negative="#56B4E9",
    positive="#E69F00",
    band="#18212B",
    surprisal=(
        "#FFFFFF on #00224E",
        "#FFFFFF on #273F6E",
        "#FFFFFF on #575D6D",
        "#FFFFFF on #6F6F70",
        "#101418 on #A59C74",
        "#101418 on #D2C060",
        "#101418 on #FEE838",
    ),
)
SIXTEEN = Palette(
    name="16",
    background="",
    plain="",
    train="cyan",
    val="yellow",
    best="green",
    guide="dim",
    label="",
    mark="magenta",
    warning="yellow",
    error="red",
    waiting="magenta",
    negative="cyan",
    positive="yellow",
    band="",
    surprisal=("", "dim", "", "underline", "bold", "reverse", "bold reverse"),
)
NO_COLOR = Palette(
    name="none",
    background="",
    plain="",
    train="",
    val="bold",
    best="bold",
    guide="dim",
    label="",
    mark="bold",
    warning="bold",
    error="reverse",
    waiting="underline",
    negative="underline",
    positive="bold",
    band="",
    surprisal=("", "dim", "", "underline", "bold", "reverse", "bold reverse"),
)
PALETTES = {palette.name: palette for palette in (DARK, LIGHT, COLOR_BLIND, SIXTEEN, NO_COLOR)}

PALETTE_ALIASES = {"colour-blind": "color-blind"}
"""British spelling, still accepted."""


def surprisal_level(nats: float) -> int:
    """Return the surprisal level of a token, 0 to 6, by fixed thresholds in nats.

    The thresholds are the same for every model, so that colors are comparable. NaN has the highest
    level, so that it is visible.
    """
    if math.isnan(nats):
        return len(SURPRISAL_THRESHOLDS)
    return bisect_right(SURPRISAL_THRESHOLDS, nats)


def surprisal_block(nats: float, ascii_only: bool = False) -> str:
    """Return the character of the level, for places without room for digits."""
    return (ASCII_SURPRISAL_BLOCKS if ascii_only else SURPRISAL_BLOCKS)[surprisal_level(nats)]


def _on(style: str, background: str) -> str:
    """Return a style with a background, unless the background is empty."""
    return f"{style} on {background}".strip() if background else style
