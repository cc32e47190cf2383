"""What the Generate pane does without a person: it is told, asks, draws on, waits, looks texts up."""

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.timer import Timer

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import AnyTokenizer, format_untrained_prompt
from workbench.panes.generate.bindings import action_availability
from workbench.panes.generate.messages import PredictionRequested, SamplesRequested
from workbench.panes.generate.presenter import GeneratePresenter
from workbench.panes.generate.requests import AtOnce, PredictionRequest
from workbench.panes.generate.view_model import GenerateView, PredictionSource
from workbench.panes.pane import Pane
from workbench.render.palette import DARK, Palette
from workbench.sampling.prediction import Prediction
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance

if TYPE_CHECKING:
    from seqlm.protocol.queries import SampleResult
    from workbench.panes.generate.game import GamePresenter
    from workbench.panes.generate.lookups import Lookups

AUTO_INTERVAL_S = 0.25
BUSY_AFTER_S, LOOK_AGAIN_S, BETWEEN_SLICES_S = 1.0, 0.2, 0.01


class WorkingPane(Pane):
    """A pane around a desk: questions go out as messages, timers run while there is work for them.

    Args:
        prompt: The prompt to begin with, as far as the vocabulary has its tokens.
        id: Of the widget.
    """

    def __init__(self, prompt: tuple[str, ...], id: str | None) -> None:
        super().__init__(id=id)
        self._desk = GeneratePresenter(prompt)
        self._at_once: AtOnce | None = None
        self._shown: GenerateView | None = None
        self._reach: tuple[bool, ...] = ()
        self._auto: Timer | None = None
        self._wait: Timer | None = None
        self._waits_for, self._waits_since = "", 0.0
        self._lookups: Lookups | None = None
        self._lookup: Timer | None = None
        self._game: GamePresenter | None = None
        self._rests = False

    @property
    def view(self) -> GenerateView:
        """What is drawn, as plain data."""
        return self._desk.view

    # What the app tells.

    def set_state(self, situation: AppState) -> None:
        """Takes what the folded pane tells of, and the text that is guessed and looked up in."""
        self.situation = situation
        if self.view.look.keys != situation.keys:
            self._desk.change(look=replace(self.view.look, keys=situation.keys))
            self._update()
        if self._game is not None:
            self._game.use_text(situation.preview)
        if self.is_collapsed:
            self.redraw()

    def predicted(self, prediction: Prediction) -> None:
        """Takes the answer to a `PredictionAsked`; any but the last ones asked are ignored."""
        self._desk.take_prediction(prediction)
        if self._game is not None:
            self._game.take_prediction(prediction)
        self._update()

    def answer_at_once(self, answerer: AtOnce | None) -> None:
        """From now on predictions come from `answerer`; without one they are asked for by message."""
        self._at_once = answerer

    def show_source(
        self, label: str, weights: str, step: int | None, tokenizer: AnyTokenizer
    ) -> None:
        """Says who answers: a line for the title, the weights to ask for, and the tokenizer.

        Call it again when newer weights are there: while nothing is drawn, the pane asks again.
        """
        self._desk.use_source(PredictionSource(label, weights, step, tokenizer))
        if step is None and self.view.samples is None:
            # In its own turn: what is posted in the turn of the app never reaches the app.
            self.call_after_refresh(self.call_later, self._make_first_samples)
        self._update()

    def wait_for_text(self) -> None:
        """Another text is being read, unless it has come meanwhile: nobody answers until it is there."""
        if self.situation is None or self.situation.preview is None:
            self._stop_auto()
            self._at_once = None
            self._desk.wait_for_text()
            self._update()

    def rest(self, rests: bool) -> None:
        """From now on begins nothing that nobody asked for, so that a frame is drawn sooner; or does."""
        self._rests = rests
        self._make_first_samples()

    def _make_first_samples(self) -> None:
        """What the counts make, beside the table, once the first frame is there."""
        has_counts = self.view.source.step is None and bool(self.view.source.vocabulary)
        if has_counts and self.view.samples is None and not self._rests:
            self._desk.ask_samples(quietly=True)
            self._update()

    def show_same_draw(self, samples: tuple[tuple[int, str], ...]) -> None:
        """Shows the same draw with the weights of some steps, oldest first."""
        self._desk.change(same_draw=samples)
        self._update()

    def samples_drawn(
        self, request_id: str, samples: Sequence["SampleResult"], step: int | None = None
    ) -> None:
        """Takes the answer to a `SamplesAsked`, and the step of the weights that drew them."""
        self._desk.take_samples(request_id, samples, step)
        self._update()

    def show_sampling(self, sampling: SampleConfig) -> None:
        """Draws with these settings from now on."""
        self._desk.change(sampling=sampling)
        self._update()

    def show_refusal(self, message: str, request_id: str = "") -> None:
        """Says why what was asked is not possible; what nobody waits for any more is not told."""
        if request_id and not self._is_waiting_for(request_id):
            return
        self._stop_auto()
        self._give_up_game()
        self._desk.take_refusal(message, request_id)
        self._update()

    def _is_waiting_for(self, request_id: str) -> bool:
        is_of_game = self._game is not None and self._game.is_waiting_for(request_id)
        return is_of_game or self._desk.is_waiting_for(request_id)

    def set_appearance(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Draws with these colours and signs from now on."""
        super().set_appearance(palette, ascii_only)
        self._desk.change(look=Appearance(palette, ascii_only, self.keys))
        self._update()

    # Asking

    def _update(self) -> None:
        """Sends the questions on, and draws again if what is shown changed."""
        self._look_at_prompt()
        while self._desk.outbox:
            question = self._desk.outbox.pop(0)
            if not isinstance(question, PredictionRequest):
                self.post_message(SamplesRequested(*question))
            elif self._at_once is None:
                self.post_message(PredictionRequested(*question))
            else:
                self._answer(question, self._at_once)
        self._look_after_waiting()
        self._look_up()
        view = self.view
        if view is self._shown or view == self._shown:
            return
        self._shown = view
        self.redraw()
        if self._reach != (now := action_availability(view)):
            self._reach = now
            self.refresh_bindings()

    def _look_at_prompt(self) -> None:
        """Says so where nothing was taught of what the prompt asks."""
        preview = self.situation.preview if self.situation else None
        prompt = self.view.text.prompt
        is_untaught = preview is not None and preview.text.is_untrained_prompt(prompt)
        words = format_untrained_prompt(prompt[0]) if is_untaught else ""
        if words != self.view.about_prompt:
            self._desk.change(about_prompt=words)

    def _answer(self, question: PredictionRequest, at_once: AtOnce) -> None:
        """Has a question answered without waiting: by the pane itself, or for the game."""
        prediction = self._desk.answered(question, at_once)
        if prediction is not None and self._game is not None:
            self._game.take_prediction(prediction)

    def _open_game(self) -> "GamePresenter":
        from workbench.panes.generate.game import GamePresenter

        if self._game is None:
            self._game = GamePresenter(self._desk)
        self._game.use_text(self.situation.preview if self.situation else None)
        return self._game

    def _give_up_game(self) -> None:
        if self._game is not None:
            self._game.give_up()

    # Drawing on

    def _start_auto(self) -> None:
        if self._auto is None:
            self._desk.draw()
            self._auto = self.set_interval(AUTO_INTERVAL_S, self._draw_on)

    def _draw_on(self) -> None:
        if not self._desk.can_draw_on():
            self._stop_auto()
        elif not self._desk.waits_for:
            self._desk.draw()
        self._update()

    def _stop_auto(self) -> None:
        if self._auto is not None:
            self._auto.stop()
            self._auto = None

    # Waiting

    def _look_after_waiting(self) -> None:
        """Begins to count when something is waited for; what is answered is not told of."""
        waits_for = self._desk.waits_for or (self._game.waits_for if self._game else "")
        if waits_for != self._waits_for:
            self._waits_for, self._waits_since = waits_for, monotonic()
            if self.view.waited_s is not None:
                self._desk.change(waited_s=None)
        if waits_for and self._wait is None and self.is_attached:
            self._wait = self.set_interval(LOOK_AGAIN_S, self._tell_waiting)

    def _tell_waiting(self) -> None:
        waited_s = monotonic() - self._waits_since
        if not self._waits_for and self._wait is not None:
            self._wait.stop()
            self._wait = None
        elif waited_s >= BUSY_AFTER_S:
            self._desk.change(waited_s=round(waited_s, 1))
        self._update()

    # Looking up

    def _look_up(self) -> None:
        """Looks up what is not known yet, when there is time; the text's index is made only then."""
        preview = self.situation.preview if self.situation else None
        if self._lookup is not None or preview is None or not self._desk.has_texts:
            return
        if self._lookups is None or self._lookups.preview is not preview:
            from workbench.panes.generate.lookups import Lookups

            self._lookups = Lookups(preview)
            self._desk.change(findings={})
        if self._lookups.wants(self.view) and self.is_attached:
            self._lookup = self.set_timer(BETWEEN_SLICES_S, self._work_on_lookup)

    def _work_on_lookup(self) -> None:
        self._lookup = None
        findings = self._lookups.work(self.view) if self._lookups else None
        if findings is not None:
            self._desk.change(findings=findings)
        self._update()
