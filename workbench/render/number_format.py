"""Formatting of numbers and losses, so that one quantity looks the same in every pane.

No function raises on a missing or non-finite number: None is an em dash, and a loss that is not
finite is ``NaN`` or ``inf``.
"""

import math
from collections.abc import Sequence
from typing import Literal

from seqlm.data.baselines import perplexity

LossUnit = Literal["nats", "bits", "perplexity"]

MISSING = "—"

_LARGEST_COMPACT = 9.995e14
_LN_2 = math.log(2)
_LARGEST_PLAIN = 10_000
_COMPACT_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def format_count(value: int | None) -> str:
    """Return a whole number with commas: 41200 is ``41,200``."""
    return MISSING if value is None else f"{value:,d}"


def format_compact(value: float | None) -> str:
    """Return a number in at most three digits and a unit: 200000 is ``200k``, 3e20 ``3e20``."""
    special = _non_finite_text(value)
    if special is not None or value is None:
        return special or MISSING
    if abs(value) >= _LARGEST_COMPACT:
        return _with_exponent(value, 2)
    for size, unit in _COMPACT_UNITS:
        # 999,950 rounds to 1000k, so it already belongs to the next unit.
        if abs(value) >= size * 0.9995:
            return _trimmed(value / size, 3) + unit
    return _trimmed(value, 3)


def format_loss(value: float | None, digits: int = 4) -> str:
    """Return a loss in nats: 2.1433 is ``2.1433``; a non-finite one is ``NaN`` or ``inf``."""
    special = _non_finite_text(value)
    return special if special is not None else f"{value:.{digits}f}"


def convert_loss(nats: float, unit: LossUnit) -> float:
    """Return a loss in nats as bits (loss / ln 2) or perplexity (e to the power of the loss)."""
    if unit == "bits":
        return nats / _LN_2
    if unit == "nats" or not math.isfinite(nats):
        return nats
    return perplexity(nats)


def format_loss_in(nats: float | None, unit: LossUnit, digits: int = 4) -> str:
    """Return a loss given in nats as text in another unit; large values are shortened."""
    if nats is None:
        return format_loss(nats)
    value = convert_loss(nats, unit)
    if math.isfinite(value) and abs(value) >= _LARGEST_PLAIN:
        return format_compact(value)
    return format_loss(value, digits - 1 if unit == "perplexity" else digits)


def unit_label(unit: LossUnit) -> str:
    """Return the full name of a unit: ``nats per token``, ``perplexity``."""
    return unit if unit == "perplexity" else f"{unit} per token"


def format_counted(n: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 line``, ``1,234 lines``."""
    return f"{format_count(n)} {singular if n == 1 else plural or f'{singular}s'}"


def format_duration(seconds: float | None) -> str:
    """Return a time span: 9 is ``0:09``, 3723 is ``1:02:03``; an infinite one is a dash."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    minutes, rest_s = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest_s:02d}" if hours else f"{minutes}:{rest_s:02d}"


def format_axis_seconds(ticks: Sequence[float]) -> list[str]:
    """Return the times beside an axis: ``10 s`` where all are short, else ``1:30``."""
    if all(tick < 60 for tick in ticks):
        return [f"{tick:g} s" for tick in ticks]
    return [format_duration(tick) for tick in ticks]


def format_rate(per_second: float | None) -> str:
    """Return a speed: 4402.3 is ``4,402``; a slow one keeps a digit, 2.34 is ``2.3``."""
    special = _non_finite_text(per_second)
    if special is not None or per_second is None:
        return special or MISSING
    return f"{per_second:.1f}" if abs(per_second) < 9.95 else f"{per_second:,.0f}"


def format_learning_rate(value: float | None) -> str:
    """Return a learning rate without needless digits: ``0.025``, ``0.0003``, ``1e-5``."""
    special = _non_finite_text(value)
    if special is not None or value is None:
        return special or MISSING
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return _trimmed(value, 4)
    return _with_exponent(value, 3)


def format_probability(value: float | None) -> str:
    """Return a fraction of 1 with three decimals; near 0 and 1 as ``<0.001`` or ``>0.999``."""
    special = _non_finite_text(value)
    if special is not None or value is None:
        return special or MISSING
    if value == 0:
        return "0"
    if 0 < value < 0.0005:
        return "<0.001"
    if 0.9995 <= value < 1:
        return ">0.999"
    return f"{value:.3f}"


def _non_finite_text(value: float | None) -> str | None:
    """Return the text for a missing or non-finite number, None for a finite one."""
    if value is None:
        return MISSING
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return None


def _trimmed(value: float, significant: int) -> str:
    """Return a number with a fixed point, `significant` digits, and no zeros at its end."""
    if value == 0:
        return "0"
    decimals = max(0, significant - 1 - math.floor(math.log10(abs(value))))
    written = f"{value:.{decimals}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _with_exponent(value: float, decimals: int) -> str:
    """Return a number as a short one times a power of ten: ``1.5e-5``."""
    mantissa, _, exponent = f"{value:.{decimals}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
