"""The Generate pane: a text sampled token by token, with the distribution behind each token."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from seqlm import errors
from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import AnyTokenizer
from workbench.panes.generate.background_work import BackgroundWork
from workbench.panes.generate.bindings import (
    GENERATE_BINDINGS,
    action_availability,
    is_action_available,
    table_action,
)
from workbench.panes.generate.presenter import ACTIONS, GeneratePresenter
from workbench.panes.generate.prompt import typed_text
from workbench.panes.generate.prompt_field import PromptField
from workbench.panes.generate.render import GENERATE_HELP, generate_rows
from workbench.panes.generate.requests import LocalAnswerer, PredictionRequest
from workbench.panes.generate.side_panel import title_info
from workbench.panes.generate.view_model import GenerateView, PredictionSource, StatusMessage
from workbench.panes.input_field import is_key_of
from workbench.panes.pane import Pane
from workbench.render.palette import DARK, Palette
from workbench.render.sanitize import sanitize
from workbench.sampling.prediction import Prediction
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance
from workbench.widgets.row_widget import Row

if TYPE_CHECKING:  # the first frame does not need these modules
    from seqlm.protocol.queries import SampleResult

_SIDE_PANEL_FROM = 70  # cells; in a narrower pane the samples need a view of their own


class GeneratePane(Pane):
    """Pane that samples a text and requests predictions and samples from the app.

    The pane translates Textual's events, keys and the app's answers into calls of its presenter and
    then calls `update`, which sends pending requests and redraws. It has more than 30 methods with
    those of `Pane` and `RowWidget` counted, because Textual calls one handler for each event and
    one method for each action that needs the widget; everything else is in the presenter, the
    background work and the prompt field.

    Args:
        prompt: Initial prompt; the characters before the first unknown one are used.
        id: Id of the widget.
    """

    MAIN_ACTIONS = (
        table_action("draw"),
        table_action("view"),
        "ten",
        "take",
        table_action("open"),
        table_action("guess"),
    )
    NUMBER = 4
    NAME = "Generate"
    HELP: ClassVar[str] = GENERATE_HELP
    BINDINGS: ClassVar[list[BindingType]] = GENERATE_BINDINGS

    class PredictionRequested(Message):
        """Request for the prediction after `tokens` under `weights`; see `receive_prediction`."""

        def __init__(self, request_id: str, tokens: tuple[str, ...], weights: str) -> None:
            super().__init__()
            self.request_id, self.tokens, self.weights = request_id, tokens, weights

    class SamplesRequested(Message):
        """Request for `count` continuations of the prompt; see `receive_samples`."""

        def __init__(self, request_id: str, prompt: tuple[str, ...], count: int) -> None:
            super().__init__()
            self.request_id, self.prompt, self.count = request_id, prompt, count

    class TemperatureChangeRequested(Message):
        """Request for another temperature."""

        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

    def __init__(self, prompt: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.presenter = GeneratePresenter(tuple(prompt))
        self.work = BackgroundWork(self, self.presenter, self.update_pane)
        self._prompt_field = PromptField(self)
        self._rendered_view: GenerateView | None = None
        self._availability: tuple[bool, ...] = ()
        self._is_startup = False

    @property
    def view(self) -> GenerateView:
        """Current view model."""
        return self.presenter.view

    def update_pane(self) -> None:
        """Send pending requests, start background work, and redraw if the view model changed."""
        self.presenter.requests.update_prompt_note(self.presenter.preview)
        for request in self.presenter.take_outgoing():
            if isinstance(request, PredictionRequest):
                self.post_message(self.PredictionRequested(*request))
            else:
                self.post_message(self.SamplesRequested(*request))
        self.work.update()
        view = self.view
        if view is self._rendered_view or view == self._rendered_view:
            return
        self._rendered_view = view
        self.redraw()
        if self._availability != (now := action_availability(view)):
            self._availability = now
            self.refresh_bindings()

    # Input from the app

    def set_state(self, situation: AppState) -> None:
        """Update the collapsed row, the key labels and the corpus."""
        self.situation = situation
        self.presenter.preview = situation.preview
        if self.view.look.keys != situation.keys:
            look = replace(self.view.look, keys=situation.keys)
            self.presenter.requests.update_view(look=look)
            self.update_pane()
        if self.presenter.game is not None:
            self.presenter.game.set_corpus(situation.preview)
        if self.is_collapsed:
            self.redraw()

    def set_appearance(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Render with this palette and character set from now on."""
        super().set_appearance(palette, ascii_only)
        self.presenter.requests.update_view(look=Appearance(palette, ascii_only, self.keys))
        self.update_pane()

    def set_source(
        self, label: str, weights: str, step: int | None, tokenizer: AnyTokenizer
    ) -> None:
        """Set the model that answers, or newer weights of the same model.

        Args:
            label: Name of the weights for the title.
            weights: Weights to query.
            step: Step of the newest weights; None for counts.
            tokenizer: Tokenizer of the model.
        """
        self.presenter.requests.set_source(PredictionSource(label, weights, step, tokenizer))
        if step is None and self.view.samples is None:
            # Textual does not deliver a message to the app that is posted in the app's own turn.
            self.call_after_refresh(self.call_later, self._request_first_samples)
        self.update_pane()

    def set_local_answerer(self, answerer: LocalAnswerer | None) -> None:
        """Answer predictions by this function; without a function request them from the app."""
        self.presenter.local_answerer = answerer

    def set_sampling(self, sampling: SampleConfig) -> None:
        """Sample with these settings from now on."""
        self.presenter.requests.update_view(sampling=sampling)
        self.update_pane()

    def set_fixed_seed_samples(self, samples: tuple[tuple[int, str], ...]) -> None:
        """Show the fixed-seed samples of some steps, oldest first."""
        self.presenter.requests.update_view(fixed_seed_samples=samples)
        self.update_pane()

    def clear_corpus(self) -> None:
        """Clear the text of the previous corpus, unless the next corpus is loaded already."""
        if self.presenter.preview is None:
            self.work.stop_auto()
            self.presenter.local_answerer = None
            self.presenter.requests.clear_corpus()
            self.update_pane()

    def set_startup(self, is_startup: bool) -> None:
        """Request no samples during startup, so that the first frame appears sooner."""
        self._is_startup = is_startup
        self._request_first_samples()

    def _request_first_samples(self) -> None:
        """Request samples from the counts, which are shown beside the table before training."""
        has_counts = self.view.source.step is None and bool(self.view.source.vocabulary)
        if has_counts and self.view.samples is None and not self._is_startup:
            self.presenter.request_samples(is_quiet=True)
            self.update_pane()

    def receive_prediction(self, prediction: Prediction) -> None:
        """Apply the answer to a `PredictionRequested`; ignore answers to older requests."""
        self.presenter.receive_prediction(prediction)
        self.update_pane()

    def receive_samples(
        self, request_id: str, samples: Sequence["SampleResult"], step: int | None = None
    ) -> None:
        """Apply the answer to a `SamplesRequested`.

        Args:
            request_id: Id of the answered request.
            samples: Sampled texts.
            step: Step of the weights that produced the samples; None for counts.
        """
        self.presenter.requests.receive_samples(request_id, samples, step)
        self.update_pane()

    def handle_rejection(self, message: str, request_id: str = "") -> None:
        """Show why a request was rejected; ignore the rejection of a request that is not pending."""
        if not request_id or self.presenter.is_pending(request_id):
            self.work.stop_auto()
            self.presenter.handle_rejection(message, request_id)
            self.update_pane()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return True if the action has an effect now; other keys are inactive."""
        name = str(parameters[0]) if action == "run" else action
        return is_action_available(self.view, name, self._prompt_field.is_open)

    def action_run(self, name: str) -> None:
        """Run an entry of the presenter's table of actions."""
        ACTIONS[name](self.presenter)
        self.update_pane()

    async def action_take(self) -> None:
        """Insert the candidate under the cursor, or submit the open prompt field."""
        if self._prompt_field.is_open:
            await self._prompt_field.submit()
            return
        self.presenter.insert_candidate()
        self.update_pane()

    def action_ten(self) -> None:
        """Request ten samples, and show them if they have no room beside the table."""
        self.presenter.request_samples()
        if self.inner.width < _SIDE_PANEL_FROM or self.view.showing != "next token":
            self.presenter.requests.update_view(showing="samples")
        self.update_pane()

    def action_change_temperature(self, factor: float) -> None:
        """Request another temperature."""
        temperature = self.view.sampling.temperature * factor
        self.post_message(self.TemperatureChangeRequested(temperature))

    def action_auto(self) -> None:
        """Sample tokens automatically until the text ends or a key is pressed."""
        self.work.start_auto()
        self.update_pane()

    def action_edit(self) -> None:
        """Open the prompt field."""
        self._prompt_field.open(typed_text(self.view.text.prompt, self.view.source))

    def action_cancel(self) -> None:
        """Close the prompt field without a change of the prompt."""
        self._prompt_field.close()

    # Events

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return True if a key is a guess and therefore not a global key."""
        return self.view.is_guessing and self._is_guess(key, character)

    def on_key(self, event: events.Key) -> None:
        """Stop automatic sampling at any key; pass guesses to the game."""
        if self.work.auto_timer is not None and not event.key.startswith("ctrl+"):
            self.work.stop_auto()
        elif self.presenter.game is not None and self.view.is_guessing:
            if not self._handle_game_key(event):
                return
        elif is_key_of(self, "edit", event.key) and not self._prompt_field.is_open:
            self.action_edit()
        elif not self._prompt_field.takes_key(event):
            return
        event.stop()
        event.prevent_default()

    def _is_guess(self, key: str, character: str | None) -> bool:
        game = self.presenter.game
        return game is not None and (key == "enter" or bool(character and game.is_guess(character)))

    def _handle_game_key(self, event: events.Key) -> bool:
        """Handle a key while guessing; return True if the key was a guess or ended the game."""
        game = self.presenter.open_game()
        if is_key_of(self, table_action("end_game"), event.key):
            game.stop()
        elif self._is_guess(event.key, event.character):
            try:
                game.guess("end" if event.key == "enter" else event.character or "")
            except errors.RequestError as error:
                self.presenter.requests.show_message(f"{error}.", is_error=True)
        else:
            return False
        self.update_pane()
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Open the prompt field with the pasted text."""
        event.stop()
        if is_action_available(self.view, "edit") and not self._prompt_field.is_open:
            self.action_edit()
            self._prompt_field.paste(event.text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Set the typed prompt; if it is invalid, show why and keep the field open."""
        event.stop()
        try:
            self.presenter.set_prompt(event.value)
        except errors.RequestError as error:
            text = f"{error}. The prompt is unchanged."
            message = StatusMessage(text, is_error=True, is_under_field=True)
            self.presenter.requests.update_view(message=message)
        else:
            self._prompt_field.close()
        self.update_pane()

    def on_descendant_blur(self) -> None:
        """Close the prompt field when it loses the focus, and remove its error message."""
        self._prompt_field.hide()
        if self.view.message is not None and self.view.message.is_under_field:
            self.presenter.requests.update_view(message=None)
            self.update_pane()

    def on_blur(self) -> None:
        """Stop automatic sampling and guessing when the pane loses the focus."""
        self.work.stop_auto()
        if self.presenter.game is not None and self.view.is_guessing:
            self.presenter.game.stop()
            self.update_pane()

    def on_click(self, event: events.Click) -> None:
        """Go to the clicked token or candidate."""
        self.presenter.handle_click(event.style.meta)
        self.update_pane()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down."""
        event.stop()
        self.action_run("down")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up."""
        event.stop()
        self.action_run("up")

    def on_resize(self) -> None:
        """Keep the prompt field in its place."""
        self._prompt_field.place()

    # Rendering

    def body(self, width: int, height: int) -> list[Text]:
        """Return the rows inside the border."""
        return generate_rows(self.view, width, height)

    def collapsed_row(self, width: int) -> Row:
        """Return the latest fixed-seed samples in one row."""
        return format_collapsed_row(self.situation) if self.situation else []

    def subtitle(self, width: int) -> str:
        """Return the views, the weights and the sampling settings for the border."""
        return title_info(self.view, width)


def format_collapsed_row(state: AppState) -> Row:
    """Return the fixed-seed samples of the latest steps in one row."""
    samples = "  ".join(f"{step:,}: {sanitize(text, 24)}" for step, text in state.run.samples[-3:])
    unit = state.preview.text.tokenizer.token_noun if state.preview else "letter"
    return [(samples or f"{unit}-pair counts answer until a model is trained", "label")]
