"""The branches of a text as a tree: which share how much, and how the tree is drawn in rows."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from seqlm.data.tokenizer import END
from workbench.sampling.prediction import DrawnToken

MAX_BRANCHES = 100


class Branch(Struct, frozen=True):
    """One way on from the prompt.

    Attributes:
        drawn: Its tokens.
        number: Fixes its letter; 0 for the first.
        sample: Which of the fixed series of random numbers its tokens are drawn with.
        is_kept: Whether it stays when the text begins anew.
    """

    drawn: tuple[DrawnToken, ...] = ()
    number: int = 0
    sample: int = 0
    is_kept: bool = False

    @property
    def letter(self) -> str:
        """What a person calls it: A, B, ... Z, AA, ..."""
        letter = chr(ord("A") + self.number % 26)
        return letter if self.number < 26 else chr(ord("A") + self.number // 26 - 1) + letter

    @property
    def has_ended(self) -> bool:
        """Whether its last token is the end token."""
        return bool(self.drawn) and self.drawn[-1].token == END

    @property
    def last_place(self) -> int:
        """The last place that a cursor can stand on: the first without a token, or the end token's."""
        return len(self.drawn) - self.has_ended


class TreeRow(Struct, frozen=True):
    """One branch as a row of the tree.

    Attributes:
        index: Of the branch.
        begin: The first place that is written in this row; what lies before stands further up.
        signs: At the places where branches part: ``┬ ├ └ │``, or a space where nothing goes on.
    """

    index: int
    begin: int
    signs: Mapping[int, str]


def find_branch(
    branches: Sequence[Branch], current: int, before: Sequence[DrawnToken], token: DrawnToken
) -> int | None:
    """Which branch has these tokens and then such a token; the current one is looked at first."""
    place = len(before)
    order = [current, *(i for i in range(len(branches)) if i != current)]
    for index in order:
        drawn = branches[index].drawn
        if len(drawn) > place and token.is_like(drawn[place]) and _begins_with(drawn, before):
            return index
    return None


def without_oldest(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """The branches without the oldest one that is not kept, where there are too many."""
    if len(branches) <= MAX_BRANCHES:
        return branches
    oldest = next((i for i, branch in enumerate(branches[:-1]) if not branch.is_kept), 0)
    return (*branches[:oldest], *branches[oldest + 1 :])


def first_divergent_index(branches: Sequence[Branch], index: int) -> int:
    """The first place at which a branch is like no branch that began before it."""
    drawn = branches[index].drawn
    return max((_n_shared(drawn, branches[i].drawn) for i in range(index)), default=0)


def tree_rows(branches: Sequence[Branch]) -> list[TreeRow]:
    """The branches in rows, those together that share most, older ones first."""
    return _grown(branches, list(range(len(branches))), 0)


def _grown(branches: Sequence[Branch], group: list[int], place: int) -> list[TreeRow]:
    """The rows of branches that are alike up to a place."""
    if len(group) == 1:
        return [TreeRow(group[0], 0, {})]
    shared = branches[group[0]].drawn
    end = min(_n_shared(shared, branches[i].drawn) for i in group[1:])
    parts: list[list[int]] = []
    for index in group:
        for part in parts:
            if _n_shared(branches[part[0]].drawn, branches[index].drawn) > end:
                part.append(index)
                break
        else:
            parts.append([index])
    rows: list[TreeRow] = []
    for n, part in enumerate(parts):
        is_last = n == len(parts) - 1
        below = " " if is_last else "│"
        for i, row in enumerate(_grown(branches, part, end)):
            sign = ("┬" if n == 0 else "└" if is_last else "├") if i == 0 else below
            begin = row.begin if i else end if n else 0
            rows.append(TreeRow(row.index, begin, {end: sign, **row.signs}))
    return rows


def _n_shared(one: Sequence[DrawnToken], other: Sequence[DrawnToken]) -> int:
    """How many tokens two branches have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    longest = min(len(one), len(other))
    return next((n for n, (a, b) in enumerate(pairs) if a.token != b.token), longest)


def _begins_with(drawn: Sequence[DrawnToken], before: Sequence[DrawnToken]) -> bool:
    return all(a.is_like(b) for a, b in zip(drawn, before, strict=False))
