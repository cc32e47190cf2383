"""What a person does in the Generate pane, without a screen: the text, its branches, the views."""

from collections.abc import Mapping

from seqlm.data.tokenizer import format_unknown_tokens
from seqlm.errors import RequestError
from workbench.panes.generate.prompt import tokens_of, unknown_in
from workbench.panes.generate.requests import RequestTracker, SamplesRequest
from workbench.panes.generate.view_model import VIEWS
from workbench.sampling.branches import tree_rows
from workbench.sampling.sample_tree import SampleTree

N_SAMPLES = 10
MAX_DRAWN = 256


class GeneratePresenter(RequestTracker):
    """The rules of the keys."""

    def draw(self) -> None:
        """Goes one token on; where none stands yet, draws one."""
        text = self.view.text
        self._look_at_text()
        if text.has_ended:
            back = "<generate.back> goes back, <generate.again> draws this token again."
            self.say_keys(f"The text ends here. {back}")
        elif text.cursor + 1 < len(text.drawn):
            self._go(text.forward())
        elif self._asked is None or self._to_draw is None:
            self._draw_at(text.forward())

    def back(self) -> None:
        """Goes one token back; a draw that is waited for is given up."""
        self._look_at_text()
        self._go(self.view.text.back())

    def point(self, by: int) -> None:
        """Moves what the view has a cursor for: a candidate, a branch, the first sample."""
        view = self.view
        if view.showing == "tree":
            self.go_to_branch(*_branch_beside(view.text, by))
        elif view.showing == "samples":
            last = len(view.samples or ()) - 1
            self.change(first_sample=max(0, min(view.first_sample + by, last)))
        else:
            self.point_at(view.candidate + by)

    def point_at(self, candidate: int) -> None:
        """Moves the cursor of the table, within it."""
        last = len(self.view.options) - 1
        self.change(candidate=max(0, min(candidate, last)), message=None)

    def take_candidate(self) -> None:
        """Puts the candidate under the cursor into the text: a branch."""
        if self.view.prediction is not None:
            self.change(message=None)
            self._go(self.view.text.pick(self.view.prediction, self.view.candidate))

    def go_to_branch(self, branch: int, place: int) -> None:
        """Moves the cursor to a place of a branch."""
        self.change(message=None)
        self._go(self.view.text.go_to(branch, place))

    def click(self, what: Mapping[str, int]) -> None:
        """Goes to what was clicked: a candidate, a token of a branch, a token of the text."""
        if "candidate" in what:
            self.point_at(what["candidate"])
        elif "place" in what:
            self.go_to_branch(what.get("branch", self.view.text.now.current), what["place"])

    def fork(self) -> None:
        """Begins a branch before the cursor; what is expected there is known."""
        prediction = self.view.prediction
        text = self.view.text.fork()
        self.change(message=None)
        if prediction is not None:
            self._pending_after = text.tokens_before
            self.change(pending=prediction)
        self._go(text)
        draws = "<generate.draw> draws it with random numbers of its own."
        self.say_keys(f"Branch {text.branch.letter}: {draws}")

    def drop(self) -> None:
        """Takes the current branch out of the tree; one that is kept stays."""
        branch = self.view.text.branch
        if branch.is_kept:
            drops = "<generate.keep> lets it go, then <generate.drop> drops it."
            self.say_keys(f"{branch.letter} is kept. {drops}")
        elif branch.drawn or len(self.view.text.branches) > 1:
            self._go(self.view.text.drop())
            self.say_keys(f"{branch.letter} is dropped. <generate.undo> brings it back.")

    def keep(self) -> None:
        """Marks the current branch to stay, or takes the mark away."""
        text = self.view.text.keep()
        self._go(text)
        letter = text.branch.letter
        kept = f"{letter} is kept: it stays when <generate.leave> lets the others go."
        self.say_keys(kept if text.branch.is_kept else f"{letter} is not kept any more.")

    def show_view(self, by: int) -> None:
        """Shows the next view, or the one before."""
        place = (VIEWS.index(self.view.showing) + by) % len(VIEWS)
        self.change(showing=VIEWS[place], message=None)

    def draw_again(self) -> None:
        """Draws the token under the cursor with the next random number."""
        if self.view.text.here is None:
            self.say_keys("Nothing is drawn here yet: <generate.draw> draws.")
            return
        self.change(message=None)
        self._go(self.view.text.redraw(self.view.sampling))
        cutting = [stage for stage in self.view.stages if stage.cut]
        if cutting and cutting[-1].n_left == 1:
            what = f"{cutting[-1].name} {cutting[-1].setting:g}"
            self.say(f"{what} leaves one candidate: every draw gives the same.")

    def ask_samples(self, quietly: bool = False) -> None:
        """Asks for ten samples of the prompt."""
        if self.view.source.vocabulary:
            self._asked_samples = self.next_id()
            if not quietly:
                self.say(f"Drawing {N_SAMPLES} samples.")
            prompt = self.view.text.prompt
            self.outbox.append(SamplesRequest(self._asked_samples, prompt, N_SAMPLES))

    def undo(self) -> None:
        """Takes the last change of the text back."""
        self._go(self.view.text.undo())

    def redo(self) -> None:
        """Makes the change again that was taken back."""
        self._go(self.view.text.redo())

    def follow(self) -> None:
        """Lets the branches go that are not kept (undo brings them back); asks the newest weights."""
        self.change(message=None)
        if self.view.has_to_let_go:
            self._pending_after = None
            self._go(self.view.text.begin(self.view.text.prompt))

    def set_prompt(self, typed: str) -> None:
        """Begins anew after a typed prompt.

        Raises:
            RequestError: A character is not in the vocabulary, or there is nothing to begin after.
        """
        prompt = tokens_of(typed, self.view.source)
        if not prompt and not self.view.source.has_end:
            words = "an empty prompt, and this text has no end token to begin after: type something"
            raise RequestError(words, typed)
        self.change(message=None)
        if prompt != self.view.text.prompt:
            self._go(self.view.text.begin(prompt))
        missing = unknown_in(typed, self.view.source)
        if missing:
            self.say(f"{format_unknown_tokens(missing)}.")

    def can_draw_on(self) -> bool:
        """Whether drawing by itself goes on; at the limit it says why not."""
        text = self.view.text
        n_drawn = len(text.drawn)
        if n_drawn and n_drawn % MAX_DRAWN == 0 and text.cursor >= n_drawn - 1:
            on = "<generate.draw> goes on, <generate.again> draws again."
            self.say_keys(f"{n_drawn} tokens and no end. {on}")
            return False
        return not text.has_ended

    def _look_at_text(self) -> None:
        """A key that moves in the text leads to a view that shows it."""
        shows_text = self.view.showing in ("step", "stages", "tree")
        self.change(message=None, showing=self.view.showing if shows_text else "step")


def _branch_beside(text: SampleTree, by: int) -> tuple[int, int]:
    """The branch so many rows of the tree further, and the cursor's place there."""
    order = [row.index for row in tree_rows(text.branches)]
    at = order.index(text.now.current) + by
    return order[max(0, min(at, len(order) - 1))], text.cursor
