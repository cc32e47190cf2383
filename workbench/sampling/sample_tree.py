"""Tree of sampled continuations of a prompt, with undo and the distribution behind each token.

Places are numbered from 0 after the prompt. The cursor is on a place of the current branch: a place
with a token, or the first place after the last token. Another token at a place that has one starts
a branch; the old branch stays. Every operation returns a new `SampleTree`; `undo` returns the tree
before the last change.
"""

from msgspec import Struct, field
from msgspec.structs import replace

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import END
from seqlm.generation import sampler
from workbench.sampling.branches import Branch, find_branch, without_oldest
from workbench.sampling.prediction import Prediction, SampledToken
from workbench.state.undo_history import UndoHistory

_FIRST = (Branch(),)


class TreeState(Struct, frozen=True):
    """State of the tree that undo restores.

    Attributes:
        prompt: Tokens of the prompt.
        branches: Continuations of the prompt, in the order in which they were started.
        current: Index of the current branch.
        cursor: Place of the cursor in the current branch.
    """

    prompt: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = _FIRST
    current: int = 0
    cursor: int = 0


class SampleTree(Struct, frozen=True):
    """Prompt, its sampled branches, and a cursor in one of them.

    Attributes:
        state: Current state.
        history: Earlier and undone states.
    """

    state: TreeState = field(default_factory=TreeState)
    history: UndoHistory[TreeState] = UndoHistory()

    @property
    def prompt(self) -> tuple[str, ...]:
        """Tokens of the prompt."""
        return self.state.prompt

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Continuations of the prompt, in the order in which they were started."""
        return self.state.branches

    @property
    def branch(self) -> Branch:
        """Current branch."""
        return self.state.branches[self.state.current]

    @property
    def sampled(self) -> tuple[SampledToken, ...]:
        """Tokens of the current branch, including those after the cursor."""
        return self.branch.sampled

    @property
    def cursor(self) -> int:
        """Place of the cursor, 0 for the first place after the prompt."""
        return self.state.cursor

    @property
    def current_token(self) -> SampledToken | None:
        """Token under the cursor; None after the last token."""
        return self.sampled[self.cursor] if self.cursor < len(self.sampled) else None

    @property
    def tokens_before(self) -> tuple[str, ...]:
        """Prompt and tokens before the cursor: the context of the prediction at the cursor."""
        return (*self.prompt, *(token.token for token in self.sampled[: self.cursor]))

    @property
    def has_ended(self) -> bool:
        """True if the token under the cursor is the end token."""
        return self.current_token is not None and self.current_token.token == END

    def start(self, prompt: tuple[str, ...]) -> "SampleTree":
        """Start a new text; after the same prompt the branches that are kept stay."""
        kept = [b for b in self.branches if b.is_kept and b.sampled]
        kept = kept if prompt == self.prompt else []
        new = Branch(number=self._next_number if kept else 0)
        return self._with_change(TreeState(prompt, (*kept, new), len(kept)))

    def sample(self, prediction: Prediction, sampling: SampleConfig) -> "SampleTree":
        """Sample the token at the cursor.

        The random number is fixed by the seed, the branch's series and the place, so that the same
        random number can be used with other weights.
        """
        return self._sample(prediction, sampling, self.branch.series)

    def resample(self, sampling: SampleConfig) -> "SampleTree":
        """Sample the token under the cursor again with the random number of the next series."""
        token = self.current_token
        return self if token is None else self._sample(token.prediction, sampling, token.series + 1)

    def pick(self, prediction: Prediction, index: int) -> "SampleTree":
        """Insert a candidate that the person chose at the cursor, as a branch."""
        series = self.current_token.series if self.current_token else self.branch.series
        return self._insert(prediction, index, None, series)

    def fork(self) -> "SampleTree":
        """Start a branch before the cursor, with its own random numbers."""
        before = self.sampled[: self.cursor]
        used = [token.series for branch in self.branches for token in branch.sampled]
        series = 1 + max([*used, *(branch.series for branch in self.branches)])
        return self._with_branch(Branch(before, self._next_number, series))

    def delete_branch(self) -> "SampleTree":
        """Delete the current branch; the branch before it becomes the current one."""
        if len(self.branches) == 1:
            empty = TreeState(self.prompt, (Branch(number=self._next_number),))
            return self._with_change(empty) if self.sampled else self
        left = tuple(branch for branch in self.branches if branch is not self.branch)
        current = max(0, self.state.current - 1)
        cursor = min(self.cursor, left[current].last_place)
        state = replace(self.state, branches=left, current=current, cursor=cursor)
        return self._with_change(state)

    def toggle_keep(self) -> "SampleTree":
        """Mark the current branch as kept when a new text is started, or remove the mark."""
        changed = replace(self.branch, is_kept=not self.branch.is_kept)
        return self._with_change(_replace_branch(self.state, self.state.current, changed))

    def go_to(self, branch: int, cursor: int) -> "SampleTree":
        """Move the cursor to a place of a branch, both clamped to what exists."""
        current = max(0, min(branch, len(self.branches) - 1))
        place = max(0, min(cursor, self.branches[current].last_place))
        return self._with_cursor(current, place)

    def back(self) -> "SampleTree":
        """Move the cursor one place back."""
        return self._with_cursor(self.state.current, max(0, self.cursor - 1))

    def forward(self) -> "SampleTree":
        """Move the cursor one place forward, at most to the first place without a token."""
        if self.current_token is None or self.has_ended:
            return self
        return self._with_cursor(self.state.current, self.cursor + 1)

    def undo(self) -> "SampleTree":
        """Undo the last change."""
        if not self.history.past:
            return self
        return SampleTree(self.history.past[-1], self.history.undo(self.state))

    def redo(self) -> "SampleTree":
        """Redo the change that was undone last."""
        if not self.history.future:
            return self
        return SampleTree(self.history.future[0], self.history.redo(self.state))

    def _sample(self, prediction: Prediction, sampling: SampleConfig, series: int) -> "SampleTree":
        u = sampler.uniform_random(sampling.seed, series, self.cursor)
        candidates = prediction.candidates(sampling)
        index = candidates[sampler.sample_token(candidates, u)].token_id
        return self._insert(prediction, index, u, series)

    def _insert(
        self, prediction: Prediction, index: int, u: float | None, series: int
    ) -> "SampleTree":
        """Go to the branch that has this token here, else extend the branch or start a new one."""
        probability = prediction.probabilities[index]
        new = SampledToken(prediction.token(index), probability, u, series, prediction)
        before = self.sampled[: self.cursor]
        found = find_branch(self.branches, self.state.current, before, new)
        if found is not None:
            branch = self.branches[found]
            if new.u is not None:  # the same token, sampled with another random number
                sampled = (*branch.sampled[: self.cursor], new, *branch.sampled[self.cursor + 1 :])
                branch = replace(branch, sampled=sampled)
            if self.current_token is not None:
                return self._with_change(_replace_branch(self.state, found, branch))
            branch = replace(branch, is_kept=branch.is_kept or self.branch.is_kept)
            state = _replace_branch(self.state, found, branch)
            return self._with_change(_without_branch(state, self.state.current))
        extended = replace(self.branch, sampled=(*before, new))
        if self.current_token is None:
            return self._with_change(_replace_branch(self.state, self.state.current, extended))
        return self._with_branch(replace(extended, number=self._next_number, is_kept=False))

    @property
    def _next_number(self) -> int:
        return 1 + max(branch.number for branch in self.branches)

    def _with_branch(self, new: Branch) -> "SampleTree":
        branches = without_oldest((*self.branches, new))
        state = replace(self.state, branches=branches, current=len(branches) - 1)
        return self._with_change(state)

    def _with_cursor(self, current: int, cursor: int) -> "SampleTree":
        if (current, cursor) == (self.state.current, self.cursor):
            return self
        return replace(self, state=replace(self.state, current=current, cursor=cursor))

    def _with_change(self, state: TreeState) -> "SampleTree":
        return SampleTree(state, self.history.record_keeping_undone(self.state))


def _replace_branch(state: TreeState, index: int, branch: Branch) -> TreeState:
    """Return the state with this branch at an index, as the current branch."""
    branches = (*state.branches[:index], branch, *state.branches[index + 1 :])
    return replace(state, branches=branches, current=index)


def _without_branch(state: TreeState, index: int) -> TreeState:
    """Return the state without a branch that is only the beginning of the current one."""
    branches = (*state.branches[:index], *state.branches[index + 1 :])
    return replace(state, branches=branches, current=state.current - (index < state.current))
