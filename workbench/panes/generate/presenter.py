"""Presenter of the Generate pane: the effect of each key on the text, its branches and views."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from seqlm.data.tokenizer import format_unknown_tokens
from seqlm.errors import RequestError
from workbench.panes.generate.prompt import tokens_of, unknown_in
from workbench.panes.generate.requests import (
    LocalAnswerer,
    PredictionRequest,
    RequestTracker,
    SamplesRequest,
)
from workbench.panes.generate.view_model import VIEWS, GenerateView
from workbench.sampling.branches import tree_rows
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree

if TYPE_CHECKING:  # the first frame does not need these modules
    from workbench.corpus.preview import Preview
    from workbench.panes.generate.game import GamePresenter

N_SAMPLES = 10
MAX_TOKENS = 256
_TO_END = 1_000_000


class GeneratePresenter:
    """Logic of the Generate pane, independent of Textual.

    Args:
        prompt: Tokens of the initial prompt.

    Attributes:
        requests: View model and pending requests.
        game: Guessing game; None before it is opened.
        preview: Corpus for the game and for novelty lookups.
        local_answerer: Function that answers predictions immediately; None while the app answers.
    """

    def __init__(self, prompt: tuple[str, ...] = ()) -> None:
        self.requests = RequestTracker(prompt)
        self.game: GamePresenter | None = None
        self.preview: Preview | None = None
        self.local_answerer: LocalAnswerer | None = None

    @property
    def view(self) -> GenerateView:
        """Current view model."""
        return self.requests.view

    # Text

    def sample_next(self) -> None:
        """Go to the next token; sample a token if there is none."""
        text = self.view.text
        self._show_text_view()
        if text.has_ended:
            back = "<generate.back> goes back, <generate.again> samples this token again."
            self.requests.show_key_message(f"The text ends here. {back}")
        elif text.cursor + 1 < len(text.sampled):
            self.requests.show_text(text.forward())
        elif not self.requests.is_sampling:
            self.requests.sample_at(text.forward())

    def step_back(self) -> None:
        """Go back one token; cancel the sampling of a token that is still pending."""
        self._show_text_view()
        self.requests.show_text(self.view.text.back())

    def resample(self) -> None:
        """Sample the token under the cursor again with the next random number."""
        if self.view.text.current_token is None:
            self.requests.show_key_message("No token here yet. <generate.draw> samples one.")
            return
        self._clear_message()
        self.requests.show_text(self.view.text.resample(self.view.sampling))
        cutting = [stage for stage in self.view.stages if stage.cut]
        if cutting and cutting[-1].n_left == 1:
            setting = f"{cutting[-1].name} {cutting[-1].setting:g}"
            self.requests.show_message(f"{setting} leaves one candidate: every sample is the same.")

    def insert_candidate(self) -> None:
        """Insert the candidate under the table's cursor as a new branch."""
        if self.view.prediction is not None:
            self._clear_message()
            text = self.view.text.pick(self.view.prediction, self.view.candidate)
            self.requests.show_text(text)

    def undo(self) -> None:
        """Undo the last change of the text."""
        self.requests.show_text(self.view.text.undo())

    def redo(self) -> None:
        """Redo the last undone change of the text."""
        self.requests.show_text(self.view.text.redo())

    def discard_text(self) -> None:
        """Discard the branches that are not kept, and follow the live model; undo restores them."""
        self._clear_message()
        if self.view.has_unsaved_branches:
            self.requests.start_text()

    def set_prompt(self, typed: str) -> None:
        """Start a new text after a typed prompt.

        Raises:
            RequestError: A character is not in the vocabulary, or the prompt is empty and the
                corpus has no end token to start after.
        """
        prompt = tokens_of(typed, self.view.source)
        if not prompt and not self.view.source.has_end:
            message = "empty prompt, and this corpus has no end token to start after: type a token"
            raise RequestError(message, typed)
        self._clear_message()
        if prompt != self.view.text.prompt:
            self.requests.show_text(self.view.text.start(prompt))
        unknown = unknown_in(typed, self.view.source)
        if unknown:
            self.requests.show_message(f"{format_unknown_tokens(unknown)}.")

    def can_continue_sampling(self) -> bool:
        """Return True if automatic sampling may continue; at the length limit show a message."""
        text = self.view.text
        n_sampled = len(text.sampled)
        if n_sampled and n_sampled % MAX_TOKENS == 0 and text.cursor >= n_sampled - 1:
            keys = "<generate.draw> continues, <generate.again> samples the last token again."
            self.requests.show_key_message(f"{n_sampled} tokens without an end token. {keys}")
            return False
        return not text.has_ended

    # Branches

    def start_branch(self) -> None:
        """Start a branch before the cursor, with its own random numbers."""
        text = self.view.text.fork()
        self._clear_message()
        self.requests.show_branch(text)
        samples = "<generate.draw> samples it with its own random numbers."
        self.requests.show_key_message(f"Branch {text.branch.letter}: {samples}")

    def delete_branch(self) -> None:
        """Delete the current branch unless it is kept."""
        branch = self.view.text.branch
        if branch.is_kept:
            keys = "<generate.keep> removes the mark, then <generate.drop> deletes the branch."
            self.requests.show_key_message(f"Branch {branch.letter} is marked as kept. {keys}")
        elif branch.sampled or len(self.view.text.branches) > 1:
            self.requests.show_text(self.view.text.delete_branch())
            self.requests.show_key_message(
                f"Branch {branch.letter} deleted. <generate.undo> restores it."
            )

    def toggle_keep(self) -> None:
        """Mark the current branch as kept, or remove the mark."""
        text = self.view.text.toggle_keep()
        self.requests.show_text(text)
        letter = text.branch.letter
        kept = f"Branch {letter} is kept when <generate.leave> discards the others."
        message = kept if text.branch.is_kept else f"Branch {letter} is no longer kept."
        self.requests.show_key_message(message)

    def go_to_branch(self, branch: int, place: int) -> None:
        """Move the cursor to a place of a branch."""
        self._clear_message()
        self.requests.show_text(self.view.text.go_to(branch, place))

    # Views and cursors

    def move_cursor(self, by: int) -> None:
        """Move the cursor of the current view by rows: a candidate, a branch, the first sample."""
        view = self.view
        if view.showing == "tree":
            self.go_to_branch(*_branch_beside(view.text, by))
        elif view.showing == "samples":
            last = len(view.samples or ()) - 1
            first = max(0, min(view.first_sample + by, last))
            self.requests.update_view(first_sample=first)
        else:
            self.set_candidate(view.candidate + by)

    def set_candidate(self, candidate: int) -> None:
        """Move the cursor of the candidate table to a row, clamped to the table."""
        last = len(self.view.options) - 1
        self.requests.update_view(candidate=max(0, min(candidate, last)), message=None)

    def handle_click(self, target: Mapping[str, int]) -> None:
        """Go to the clicked candidate, token of a branch, or token of the text."""
        if "candidate" in target:
            self.set_candidate(target["candidate"])
        elif "place" in target:
            branch = target.get("branch", self.view.text.state.current)
            self.go_to_branch(branch, target["place"])

    def switch_view(self, by: int) -> None:
        """Show the next view, or the previous one for a negative number."""
        index = (VIEWS.index(self.view.showing) + by) % len(VIEWS)
        self.requests.update_view(showing=VIEWS[index], message=None)
        if self.view.showing == "guess":
            self.open_game().load_puzzle()
        if self.view.showing == "samples" and self.view.samples is None:
            self.request_samples(is_quiet=True)

    def show_next_token(self) -> None:
        """Show the token under the tree's cursor in the view of the next token."""
        self.requests.update_view(showing="next token", message=None)

    def request_samples(self, is_quiet: bool = False) -> None:
        """Request samples of the prompt; with `is_quiet` show no message."""
        if self.view.source.vocabulary:
            if not is_quiet:
                self.requests.show_message(f"Generating {N_SAMPLES} samples.")
            self.requests.request_samples(N_SAMPLES)

    def _show_text_view(self) -> None:
        """Switch to a view that shows the text."""
        shows_text = self.view.showing in ("next token", "stages", "tree")
        self.requests.update_view(
            message=None, showing=self.view.showing if shows_text else "next token"
        )

    def _clear_message(self) -> None:
        self.requests.update_view(message=None)

    # Guessing game

    def open_game(self) -> "GamePresenter":
        """Return the guessing game; create the game at the first call."""
        from workbench.panes.generate.game import GamePresenter

        if self.game is None:
            self.game = GamePresenter(self.requests)
        self.game.set_corpus(self.preview)
        return self.game

    # Requests and answers

    @property
    def pending_id(self) -> str:
        """Id of the latest unanswered request, of the text or of the game; empty without one."""
        return self.requests.pending_id or (self.game.pending_id if self.game else "")

    def is_pending(self, request_id: str) -> bool:
        """Return True if the text or the game waits for the answer to this request."""
        is_of_game = self.game is not None and self.game.is_pending(request_id)
        return is_of_game or self.requests.is_pending(request_id)

    def receive_prediction(self, prediction: Prediction) -> None:
        """Pass an answer to the text and the game; each ignores answers to other requests."""
        self.requests.receive_prediction(prediction)
        if self.game is not None:
            self.game.receive_prediction(prediction)

    def handle_rejection(self, message: str, request_id: str = "") -> None:
        """Show why a request was rejected and clear the pending requests."""
        if self.game is not None:
            self.game.cancel_query()
        self.requests.handle_rejection(message, request_id)

    def cancel_query(self) -> None:
        """Cancel every pending request."""
        if self.game is not None:
            self.game.cancel_query()
        self.requests.cancel_query()

    def take_outgoing(self) -> list[PredictionRequest | SamplesRequest]:
        """Answer requests locally where possible; return the requests that the app must answer."""
        outgoing: list[PredictionRequest | SamplesRequest] = []
        outbox, answerer = self.requests.outbox, self.local_answerer
        while outbox:
            request = outbox.pop(0)
            if answerer is None or not isinstance(request, PredictionRequest):
                outgoing.append(request)
                continue
            prediction = self.requests.answer_locally(request, answerer)
            if prediction is not None and self.game is not None:
                self.game.receive_prediction(prediction)
        return outgoing


ACTIONS: Mapping[str, Callable[[GeneratePresenter], None]] = {
    "draw": GeneratePresenter.sample_next,
    "back": GeneratePresenter.step_back,
    "up": lambda presenter: presenter.move_cursor(-1),
    "down": lambda presenter: presenter.move_cursor(1),
    "page_up": lambda presenter: presenter.move_cursor(-10),
    "page_down": lambda presenter: presenter.move_cursor(10),
    "first": lambda presenter: presenter.move_cursor(-_TO_END),
    "last": lambda presenter: presenter.move_cursor(_TO_END),
    "open": GeneratePresenter.show_next_token,
    "guess": lambda presenter: presenter.open_game().start(),
    "end_game": lambda presenter: presenter.open_game().stop(),
    "drop": GeneratePresenter.delete_branch,
    "keep": GeneratePresenter.toggle_keep,
    "again": GeneratePresenter.resample,
    "fork": GeneratePresenter.start_branch,
    "undo": GeneratePresenter.undo,
    "redo": GeneratePresenter.redo,
    "view": lambda presenter: presenter.switch_view(1),
    "view_back": lambda presenter: presenter.switch_view(-1),
    "give_up": GeneratePresenter.cancel_query,
}
"""Effect of each key binding, by the name of the binding.

The bindings of the pane's timers, size and input field are methods of the pane: take, ten, auto,
edit, cancel, leave, cooler and warmer.
"""


def _branch_beside(text: SampleTree, by: int) -> tuple[int, int]:
    """Return the branch `by` rows further down the tree, and the cursor's place in it."""
    order = [row.index for row in tree_rows(text.branches)]
    at = order.index(text.state.current) + by
    return order[max(0, min(at, len(order) - 1))], text.cursor
