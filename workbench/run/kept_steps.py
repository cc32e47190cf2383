"""Looking at the model as it was: steps whose weights were kept, and now, which is None."""

from bisect import bisect_right
from collections.abc import Sequence


def next_kept_step(kept: Sequence[int], looking_at: int | None, by: int) -> int | None:
    """Another step to look at: ``by`` kept steps later, or earlier; after the last comes now.

    Args:
        kept: Steps whose weights can be asked for, in order.
        looking_at: The one that is looked at.
        by: How many later; negative: earlier.
    """
    here = len(kept) if looking_at is None else max(0, bisect_right(kept, looking_at) - 1)
    there = max(0, here + by)
    return kept[there] if there < len(kept) else None


def nearest_kept_step(kept: Sequence[int], step: int) -> int | None:
    """The kept step that is nearest to ``step``, of two the earlier one; None where none is kept."""
    return min(kept, key=lambda one: abs(one - step), default=None)
