"""The settings of a run as rows that a person steps through, generated from the configuration."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from msgspec import Struct

from seqlm import errors, settings
from seqlm.config import RunConfig
from seqlm.presets import PRESETS
from seqlm.settings import Setting
from workbench.render.figures import MISSING

PRESET_KEY = "preset"
SECTIONS = ("training", "model", "data", "sampling")

_SECTION_OF = {"train": "training", "model": "model", "data": "data", "sample": "sampling"}
_UNIT_STEPS_UP_TO = 32  # a whole number with a maximum this small goes up by one
_SMALLEST_STEP = 0.001  # where 1 2 5 downwards meets a minimum of 0
_LARGEST_STEP = 1000  # where 1 2 5 upwards meets "off", which means no limit
_BACK_FROM_OFF = 10


class ControlRow(Struct, frozen=True):
    """One setting, its value, and what changing it would mean.

    Attributes:
        setting: How the configuration declares it.
        section: The heading that it stands under, or empty for the preset.
        label: Its name for a person.
        value: What is asked for, in its type; None is off.
        value_text: What is in force, as it is typed.
        waiting_text: What is asked for, where that is not what is in force; else None.
    """

    setting: Setting
    section: str
    label: str
    value: Any
    value_text: str
    waiting_text: str | None = None

    @property
    def key(self) -> str:
        """The dotted name, e.g. ``train.learning_rate``."""
        return self.setting.key

    @property
    def kind(self) -> str:
        """How the value is read: int, float, bool, text or choice."""
        return self.setting.kind

    @property
    def unit(self) -> str:
        """What the number counts, or empty."""
        return self.setting.unit

    @property
    def help(self) -> str:
        """What the setting does, in words."""
        return self.setting.help

    @property
    def choices(self) -> tuple[str, ...]:
        """The words of a choice."""
        return self.setting.choices

    @property
    def bounds(self) -> str:
        """The values that would be right, in words."""
        return self.setting.bounds()

    @property
    def default_text(self) -> str:
        """The configuration's own value; empty where it has none."""
        return "" if self.key == PRESET_KEY else self.setting.show(self.setting.default)

    @property
    def live(self) -> bool:
        """Whether it may change while a run goes."""
        return self.setting.live

    @property
    def is_new_run(self) -> bool:
        """Whether a new run is needed for what is asked for."""
        return self.waiting_text is not None and not self.live


def control_rows(
    asked: RunConfig, running: RunConfig | None, in_force: Mapping[str, Any]
) -> tuple[ControlRow, ...]:
    """Every setting as a row: the preset, then training, model, data and sampling.

    Args:
        asked: What a new run would be made of.
        running: What the run on the screen was made of; None before there is one.
        in_force: Live values as they are now, by their dotted names.
    """
    found = [_row(setting, asked, running, in_force) for setting in settings.settings_of(asked)]
    ordered = sorted(found, key=lambda row: (SECTIONS.index(row.section), not row.live))
    return (_preset_row(asked, running), *ordered)


def stepped(row: ControlRow, direction: int) -> Any:
    """The next round value up (direction 1) or down (-1): 1 2 5, or the list of choices.

    At the end of its range, and for free text, the value itself.
    """
    if row.kind == "bool":
        return not row.value
    if row.choices:
        place = row.choices.index(row.value) if row.value in row.choices else -1
        return row.choices[(place + direction) % len(row.choices)]
    if row.setting.minimum is None:
        return row.value
    return _within(row, _next_number(row, direction))


def halved(row: ControlRow) -> Any:
    """Half the value, within its bounds; what is no number stays."""
    return _scaled(row, 0.5)


def doubled(row: ControlRow) -> Any:
    """Twice the value, within its bounds; what is no number stays."""
    return _scaled(row, 2.0)


def typed(row: ControlRow, text: str) -> Any:
    """The value that a person typed: ``3e-4``, ``*2``, ``/10``, ``off``, a word.

    Raises:
        RequestError: It is not possible; says why and what would be.
    """
    text = text.strip()
    wanted = (
        _calculated(row, text) if text[:1] in ("*", "×", "/", "÷") and _is_number(row) else text
    )
    try:
        return row.setting.parse(wanted)
    except errors.RequestError as error:
        _refuse(row, wanted, error)


def _preset_row(asked: RunConfig, running: RunConfig | None) -> ControlRow:
    setting = Setting(
        key=PRESET_KEY,
        kind="choice",
        default=None,
        help="a configuration with a name: enter opens the list",
        choices=tuple(PRESETS),
    )
    shown = running.preset if running else asked.preset
    waiting = asked.preset if asked.preset != shown else None
    return ControlRow(setting, "", "preset", asked.preset, shown, waiting)


def _row(
    setting: Setting, asked: RunConfig, running: RunConfig | None, in_force: Mapping[str, Any]
) -> ControlRow:
    prefix, _, name = setting.key.rpartition(".")
    section = _SECTION_OF.get(prefix, "model")
    wanted = settings.value_of(asked, setting.key)
    begun = _begun_with(setting, running, wanted)
    now = in_force.get(setting.key, begun) if setting.live else begun
    # A planned change moves a live value without anybody asking for another one.
    is_waiting = wanted not in (begun, now)
    return ControlRow(
        setting,
        section,
        name.replace("_", " "),
        now if setting.live and not is_waiting else wanted,
        MISSING if now is _ABSENT else setting.show(now),
        setting.show(wanted) if is_waiting else None,
    )


class _Absent:
    """Stands for the value of a setting that another model family does not have."""


_ABSENT = _Absent()


def _begun_with(setting: Setting, running: RunConfig | None, wanted: Any) -> Any:
    if running is None:
        return wanted
    if setting.key not in {other.key for other in settings.settings_of(running)}:
        return _ABSENT
    return settings.value_of(running, setting.key)


def _is_number(row: ControlRow) -> bool:
    return row.setting.minimum is not None and not row.choices


def _next_number(row: ControlRow, direction: int) -> float | None:
    value, setting = row.value, row.setting
    if value is None:
        return _BACK_FROM_OFF if direction < 0 else None
    if setting.optional and direction > 0 and value >= _LARGEST_STEP:
        return None
    is_whole = setting.kind == "int"
    if is_whole and (setting.maximum or 0) <= _UNIT_STEPS_UP_TO:
        return float(value + direction)
    smallest = 1.0 if is_whole else _SMALLEST_STEP
    if direction > 0 and value == 0:
        return smallest
    if direction < 0 and setting.minimum == 0 and value <= smallest and not setting.above:
        return 0.0
    return round_number(float(value), direction)


def round_number(value: float, direction: int) -> float:
    """The next of 1, 2, 5 times a power of ten above or below a number that is above 0."""
    exponent = int(f"{value:e}".partition("e")[2])
    ladder = [float(f"{m}e{e}") for e in range(exponent - 1, exponent + 2) for m in (1, 2, 5)]
    if direction > 0:
        return next(rung for rung in ladder if rung > value * (1 + 1e-9))
    return next(rung for rung in reversed(ladder) if rung < value * (1 - 1e-9))


def _scaled(row: ControlRow, factor: float) -> Any:
    if row.value is None or not _is_number(row):
        return row.value
    return _within(row, row.value * factor)


def _within(row: ControlRow, number: float | None) -> Any:
    """The number in the setting's type; one outside the bounds becomes the bound it passed."""
    setting = row.setting
    if number is None or setting.minimum is None or setting.maximum is None:
        return number
    convert: Callable[[float], float] = int if setting.kind == "int" else _short
    low, high = convert(setting.minimum), convert(setting.maximum)
    wanted = convert(number)
    if wanted < low or (setting.above and wanted <= low):
        return row.value if setting.above else low
    if wanted > high or (setting.below and wanted >= high):
        return row.value if setting.below else high
    return wanted


def _short(number: float) -> float:
    """The number without what binary arithmetic adds: 0.30000000000000004 is 0.3."""
    return float(f"{number:.10g}")


def _calculated(row: ControlRow, text: str) -> str:
    """``*2`` and ``/10`` as the number they make of the value."""
    if row.value is None:
        raise errors.RequestError(f"{text} of what? {row.label} is off: type a number", text)
    try:
        operand = float(text[1:])
        factor = operand if text[0] in "*×" else 1 / operand
    except (ValueError, ZeroDivisionError):
        raise errors.RequestError(f"{text} is no sum: type *2 or /10, or a number", text) from None
    number = row.value * factor
    return str(round(number)) if row.kind == "int" else f"{number:.10g}"


def _refuse(row: ControlRow, text: str, error: errors.RequestError) -> NoReturn:
    """Says in a person's words what the setting says in the command line's."""
    keep = f"or esc to keep {row.value_text}"
    if row.choices:
        raise errors.unknown(f"a possible {row.label}", text, row.choices) from error
    number = _as_number(text)
    setting = row.setting
    if number is not None and setting.minimum is not None and setting.maximum is not None:
        if number > setting.maximum:
            why = f"{text} is above {setting.maximum:,.10g}, the largest {row.label}"
        elif number < setting.minimum:
            why = f"{text} is below {setting.minimum:,.10g}, the smallest {row.label}"
        else:
            why = f"{text} is not a possible {row.label}"
        raise errors.RequestError(f"{why}. Type {row.bounds}, {keep}.", text) from error
    raise errors.RequestError(
        f"{text!r} is not a possible {row.label}. Type {row.bounds}, {keep}.", text
    ) from error


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
