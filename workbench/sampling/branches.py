"""Branches of a sampled text, and their layout as the rows of a tree."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from seqlm.data.tokenizer import END
from workbench.sampling.prediction import SampledToken

MAX_BRANCHES = 100


class Branch(Struct, frozen=True):
    """One continuation of the prompt.

    Attributes:
        sampled: Tokens after the prompt.
        number: Number that fixes the branch's letter, 0 for the first branch.
        series: Series of fixed random numbers that the tokens are sampled with.
        is_kept: True if the branch stays when a new text is started.
    """

    sampled: tuple[SampledToken, ...] = ()
    number: int = 0
    series: int = 0
    is_kept: bool = False

    @property
    def letter(self) -> str:
        """Name of the branch: A, B, ... Z, AA, ..."""
        letter = chr(ord("A") + self.number % 26)
        return letter if self.number < 26 else chr(ord("A") + self.number // 26 - 1) + letter

    @property
    def has_ended(self) -> bool:
        """True if the last token is the end token."""
        return bool(self.sampled) and self.sampled[-1].token == END

    @property
    def last_place(self) -> int:
        """Last place of the cursor: the first place without a token, or that of the end token."""
        return len(self.sampled) - self.has_ended


class TreeRow(Struct, frozen=True):
    """One branch as a row of the tree.

    Attributes:
        index: Index of the branch.
        first_place: First place that is written in this row; earlier places are in a row above.
        signs: Sign at each place where branches diverge: one of ``┬ ├ └ │``, or a space.
    """

    index: int
    first_place: int
    signs: Mapping[int, str]


def find_branch(
    branches: Sequence[Branch], current: int, before: Sequence[SampledToken], token: SampledToken
) -> int | None:
    """Return the index of a branch with these tokens followed by `token`; None without one.

    The current branch is searched first.
    """
    place = len(before)
    order = [current, *(i for i in range(len(branches)) if i != current)]
    for index in order:
        sampled = branches[index].sampled
        is_long_enough = len(sampled) > place
        if is_long_enough and token.is_like(sampled[place]) and _starts_with(sampled, before):
            return index
    return None


def without_oldest(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """Return at most `MAX_BRANCHES` branches; the oldest one that is not kept is left out."""
    if len(branches) <= MAX_BRANCHES:
        return branches
    oldest = next((i for i, branch in enumerate(branches[:-1]) if not branch.is_kept), 0)
    return (*branches[:oldest], *branches[oldest + 1 :])


def first_divergent_index(branches: Sequence[Branch], index: int) -> int:
    """Return the first place at which a branch differs from every earlier branch."""
    sampled = branches[index].sampled
    return max((_n_shared(sampled, branches[i].sampled) for i in range(index)), default=0)


def tree_rows(branches: Sequence[Branch]) -> list[TreeRow]:
    """Return the rows of the tree; branches with a common beginning are adjacent, oldest first."""
    return _subtree_rows(branches, list(range(len(branches))), 0)


def _subtree_rows(branches: Sequence[Branch], group: list[int], place: int) -> list[TreeRow]:
    """Return the rows of branches that are equal up to a place."""
    if len(group) == 1:
        return [TreeRow(group[0], 0, {})]
    shared = branches[group[0]].sampled
    end = min(_n_shared(shared, branches[i].sampled) for i in group[1:])
    parts: list[list[int]] = []
    for index in group:
        for part in parts:
            if _n_shared(branches[part[0]].sampled, branches[index].sampled) > end:
                part.append(index)
                break
        else:
            parts.append([index])
    rows: list[TreeRow] = []
    for n, part in enumerate(parts):
        is_last = n == len(parts) - 1
        below = " " if is_last else "│"
        for i, row in enumerate(_subtree_rows(branches, part, end)):
            sign = ("┬" if n == 0 else "└" if is_last else "├") if i == 0 else below
            first_place = row.first_place if i else end if n else 0
            rows.append(TreeRow(row.index, first_place, {end: sign, **row.signs}))
    return rows


def _n_shared(one: Sequence[SampledToken], other: Sequence[SampledToken]) -> int:
    """Return the number of equal tokens at the beginning of two branches."""
    pairs = zip(one, other, strict=False)
    longest = min(len(one), len(other))
    return next((n for n, (a, b) in enumerate(pairs) if a.token != b.token), longest)


def _starts_with(sampled: Sequence[SampledToken], before: Sequence[SampledToken]) -> bool:
    return all(a.is_like(b) for a, b in zip(sampled, before, strict=False))
