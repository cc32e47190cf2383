"""A text drawn token by token in branches, with everything that explains each draw. No screen.

Places are numbered from 0 after the prompt. The cursor stands on a place of the current branch: one
that holds a token, or the first one after the last token. Another token at a place that holds one
begins a branch; the old one stays. Every operation returns a new `Continuation`; what it replaced
stays reachable by `undo`.
"""

from msgspec import Struct, field
from msgspec.structs import replace

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import END
from seqlm.generation import sampler
from workbench.sampling.branches import Branch, find_branch, without_oldest
from workbench.sampling.prediction import DrawnToken, Prediction

_MAX_UNDO = 1000
_FIRST = (Branch(),)


class _Text(Struct, frozen=True):
    """What undo brings back."""

    prompt: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = _FIRST
    current: int = 0
    cursor: int = 0


class SampleTree(Struct, frozen=True):
    """A prompt, the branches drawn after it, and a cursor in one of them."""

    now: _Text = field(default_factory=_Text)
    past: tuple[_Text, ...] = ()
    future: tuple[_Text, ...] = ()

    @property
    def prompt(self) -> tuple[str, ...]:
        """The tokens that were given."""
        return self.now.prompt

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Every way on from the prompt, in the order in which they began."""
        return self.now.branches

    @property
    def branch(self) -> Branch:
        """The current one."""
        return self.now.branches[self.now.current]

    @property
    def drawn(self) -> tuple[DrawnToken, ...]:
        """The tokens of the current branch, those beyond the cursor too."""
        return self.branch.drawn

    @property
    def cursor(self) -> int:
        """The place that is looked at, 0 for the first after the prompt."""
        return self.now.cursor

    @property
    def here(self) -> DrawnToken | None:
        """The token under the cursor, None where none has been drawn yet."""
        return self.drawn[self.cursor] if self.cursor < len(self.drawn) else None

    @property
    def tokens_before(self) -> tuple[str, ...]:
        """What stands before the cursor: a prediction for this place is asked with it."""
        return (*self.prompt, *(drawn.token for drawn in self.drawn[: self.cursor]))

    @property
    def has_ended(self) -> bool:
        """Whether the token under the cursor is the end token, after which nothing comes."""
        return self.here is not None and self.here.token == END

    def begin(self, prompt: tuple[str, ...]) -> "SampleTree":
        """Begins anew; after the same prompt the branches that are kept stay."""
        kept = [b for b in self.branches if b.is_kept and b.drawn] if prompt == self.prompt else []
        new = Branch(number=self._next_number if kept else 0)
        return self._changed(_Text(prompt, (*kept, new), len(kept)))

    def draw(self, prediction: Prediction, sampling: SampleConfig) -> "SampleTree":
        """Draws the token at the cursor.

        The random number is fixed by the seed, the branch's series and the place, so the same draw
        can be made again with other weights.
        """
        return self._drawn(prediction, sampling, self.branch.sample)

    def redraw(self, sampling: SampleConfig) -> "SampleTree":
        """Draws the token under the cursor again, with the next series' random number."""
        here = self.here
        return self if here is None else self._drawn(here.prediction, sampling, here.sample + 1)

    def pick(self, prediction: Prediction, index: int) -> "SampleTree":
        """Puts a candidate of the person's choice at the cursor: a branch."""
        sample = self.here.sample if self.here else self.branch.sample
        return self._taken(prediction, index, None, sample)

    def fork(self) -> "SampleTree":
        """Begins a branch before the cursor, with random numbers of its own."""
        before = self.drawn[: self.cursor]
        used = [token.sample for branch in self.branches for token in branch.drawn]
        series = 1 + max([*used, *(branch.sample for branch in self.branches)])
        return self._with(Branch(before, self._next_number, series))

    def drop(self) -> "SampleTree":
        """Takes the current branch away; the one before it becomes the current one."""
        if len(self.branches) == 1:
            empty = _Text(self.prompt, (Branch(number=self._next_number),))
            return self._changed(empty) if self.drawn else self
        left = tuple(branch for branch in self.branches if branch is not self.branch)
        current = max(0, self.now.current - 1)
        cursor = min(self.cursor, left[current].last_place)
        return self._changed(replace(self.now, branches=left, current=current, cursor=cursor))

    def keep(self) -> "SampleTree":
        """Marks the current branch to stay when the text begins anew, or takes the mark away."""
        changed = replace(self.branch, is_kept=not self.branch.is_kept)
        return self._changed(_with_branch(self.now, self.now.current, changed))

    def go_to(self, branch: int, cursor: int) -> "SampleTree":
        """Moves the cursor to a place of a branch, as far as there are such; nothing is lost."""
        current = max(0, min(branch, len(self.branches) - 1))
        place = max(0, min(cursor, self.branches[current].last_place))
        return self._moved(current, place)

    def back(self) -> "SampleTree":
        """Moves the cursor one place back; nothing is lost."""
        return self._moved(self.now.current, max(0, self.cursor - 1))

    def forward(self) -> "SampleTree":
        """Moves the cursor one place on, at most to the first place without a token."""
        if self.here is None or self.has_ended:
            return self
        return self._moved(self.now.current, self.cursor + 1)

    def undo(self) -> "SampleTree":
        """Brings back the text before the last change."""
        if not self.past:
            return self
        return SampleTree(self.past[-1], self.past[:-1], (self.now, *self.future))

    def redo(self) -> "SampleTree":
        """Makes the change again that was undone last."""
        if not self.future:
            return self
        return SampleTree(self.future[0], (*self.past, self.now), self.future[1:])

    def _drawn(self, prediction: Prediction, sampling: SampleConfig, sample: int) -> "SampleTree":
        u = sampler.uniform_random(sampling.seed, sample, self.cursor)
        options = prediction.sampled(sampling)
        return self._taken(
            prediction, options[sampler.sample_token(options, u)].token_id, u, sample
        )

    def _taken(
        self, prediction: Prediction, index: int, u: float | None, sample: int
    ) -> "SampleTree":
        probability = prediction.probabilities[index]
        token = DrawnToken(prediction.token(index), probability, u, sample, prediction)
        return self._placed(token)

    def _placed(self, new: DrawnToken) -> "SampleTree":
        """Goes to the branch that has this token here, or makes one, or lets the current one grow."""
        before = self.drawn[: self.cursor]
        found = find_branch(self.branches, self.now.current, before, new)
        if found is not None:
            branch = self.branches[found]
            if new.u is not None:  # the same token, drawn with another number
                drawn = (*branch.drawn[: self.cursor], new, *branch.drawn[self.cursor + 1 :])
                branch = replace(branch, drawn=drawn)
            if self.here is not None:
                return self._changed(_with_branch(self.now, found, branch))
            branch = replace(branch, is_kept=branch.is_kept or self.branch.is_kept)
            return self._changed(_without(_with_branch(self.now, found, branch), self.now.current))
        grown = replace(self.branch, drawn=(*before, new))
        if self.here is None:
            return self._changed(_with_branch(self.now, self.now.current, grown))
        return self._with(replace(grown, number=self._next_number, is_kept=False))

    @property
    def _next_number(self) -> int:
        return 1 + max(branch.number for branch in self.branches)

    def _with(self, new: Branch) -> "SampleTree":
        branches = without_oldest((*self.branches, new))
        text = replace(self.now, branches=branches, current=len(branches) - 1)
        return self._changed(text)

    def _moved(self, current: int, cursor: int) -> "SampleTree":
        if (current, cursor) == (self.now.current, self.cursor):
            return self
        return replace(self, now=replace(self.now, current=current, cursor=cursor))

    def _changed(self, text: _Text) -> "SampleTree":
        # What had been undone is walked through once more, so that undo still finds it.
        undone = (*self.future, self.now) if self.future else ()
        return SampleTree(text, (*self.past, self.now, *undone)[-_MAX_UNDO:])


def _with_branch(text: _Text, index: int, branch: Branch) -> _Text:
    branches = (*text.branches[:index], branch, *text.branches[index + 1 :])
    return replace(text, branches=branches, current=index)


def _without(text: _Text, index: int) -> _Text:
    """The text without a branch that is only the beginning of the current one."""
    branches = (*text.branches[:index], *text.branches[index + 1 :])
    return replace(text, branches=branches, current=text.current - (index < text.current))
