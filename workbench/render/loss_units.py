"""The units a loss can be shown in: nats, bits, or how many tokens a model wavers between."""

import math
from typing import Literal

from workbench.render.number_format import compact, loss

Unit = Literal["nats", "bits", "perplexity"]

_LN_2 = math.log(2)
_LARGEST_PLAIN = 10_000


def in_unit(nats: float, unit: Unit) -> float:
    """Returns a loss in nats as bits (loss / ln 2) or perplexity (e to the power of the loss)."""
    if unit == "bits":
        return nats / _LN_2
    if unit == "nats" or not math.isfinite(nats):
        return nats
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf


def in_words(nats: float | None, unit: Unit, digits: int = 4) -> str:
    """Writes a loss in nats in another unit; a perplexity with one digit less, a large one short."""
    if nats is None:
        return loss(nats)
    value = in_unit(nats, unit)
    if math.isfinite(value) and abs(value) >= _LARGEST_PLAIN:
        return compact(value)
    return loss(value, digits - 1 if unit == "perplexity" else digits)


def per_token(unit: Unit) -> str:
    """Names the unit in full: ``nats per token``, ``perplexity``."""
    return unit if unit == "perplexity" else f"{unit} per token"
