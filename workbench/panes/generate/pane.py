"""The Generate pane: a text sampled token by token, with the distribution behind each token."""

from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from seqlm import errors
from seqlm.sanitize import sanitize
from workbench.keyboard.bindings import table_action
from workbench.panes.generate.background_work import BackgroundWork
from workbench.panes.generate.bindings import (
    GENERATE_BINDINGS,
    action_availability,
    is_action_available,
)
from workbench.panes.generate.inbox import GenerateInbox
from workbench.panes.generate.presenter import ACTIONS, GeneratePresenter
from workbench.panes.generate.prompt import typed_text
from workbench.panes.generate.render import GENERATE_HELP, GENERATE_VIEWS, generate_rows
from workbench.panes.generate.requests import PredictionRequest
from workbench.panes.generate.side_panel import title_info
from workbench.panes.generate.view_model import GenerateView, StatusMessage, scale_temperature
from workbench.panes.input_field import MAX_PROMPT, PaneField, is_key_of
from workbench.panes.pane import Pane
from workbench.panes.pane_view import PaneView
from workbench.render.palette import DARK, Palette
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance
from workbench.widgets.row_widget import Row

_SIDE_PANEL_FROM = 70  # cells; in a narrower pane the samples need a view of their own


class GeneratePane(Pane):
    """Pane that samples a text and requests predictions and samples from the app.

    The pane translates Textual's events, keys and the app's answers into calls of its presenter and
    then calls `update_pane`, which sends pending requests and redraws. With the methods of `Pane` and
    `RowWidget` counted it has more than 30 methods, because Textual calls one handler for each event
    and one method for each action that needs the widget. Everything else is in the presenter, the
    inbox, the background work and the prompt field.

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
    VIEWS: ClassVar[tuple[PaneView[GenerateView], ...]] = GENERATE_VIEWS
    HELP: ClassVar[str] = GENERATE_HELP
    BINDINGS: ClassVar[list[BindingType]] = GENERATE_BINDINGS

    class PredictionRequested(Message):
        """Request for the prediction after `tokens` under `weights`; answered through the inbox."""

        def __init__(self, request_id: str, tokens: tuple[str, ...], weights: str) -> None:
            super().__init__()
            self.request_id, self.tokens, self.weights = request_id, tokens, weights

    class SamplesRequested(Message):
        """Request for `count` continuations of the prompt; answered through the inbox."""

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
        self.inbox = GenerateInbox(self, self.presenter, self.work, self.update_pane)
        self._prompt_field = PaneField(self, MAX_PROMPT)
        self._rendered_view: GenerateView | None = None
        self._availability: tuple[bool, ...] = ()

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

    def set_state(self, state: AppState) -> None:
        """Update the collapsed row, the key labels and the corpus."""
        self.state, self.keys = state, state.keys
        self.presenter.preview = state.preview
        if self.view.appearance.keys != state.keys:
            appearance = replace(self.view.appearance, keys=state.keys)
            self.presenter.requests.update_view(appearance=appearance)
            self.update_pane()
        if self.presenter.game is not None:
            self.presenter.game.set_corpus(state.preview)
        if self.size.height <= 1:  # the collapsed row, or a hidden pane that may become one
            self.redraw()

    def set_appearance(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Render with this palette and character set from now on."""
        super().set_appearance(palette, ascii_only)
        self.presenter.requests.update_view(appearance=Appearance(palette, ascii_only, self.keys))
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
        if self.frame.inner.width < _SIDE_PANEL_FROM or self.view.showing != "next token":
            self.presenter.requests.update_view(showing="samples")
        self.update_pane()

    def action_change_temperature(self, factor: float) -> None:
        """Request another temperature."""
        temperature = scale_temperature(self.view.sampling.temperature, factor)
        self.post_message(self.TemperatureChangeRequested(temperature))

    async def action_leave(self) -> None:
        """Discard the text and follow the live model; leave an earlier step, too."""
        self.presenter.discard_text()
        self.update_pane()
        if self.state is not None and self.state.viewed_step is not None:
            await self.run_action("app.out")

    def action_auto(self) -> None:
        """Sample tokens automatically until the text ends or a key is pressed."""
        self.work.toggle_auto()
        self.update_pane()

    def action_stop_auto(self) -> None:
        """Stop automatic sampling and do nothing else."""
        self.work.stop_auto()
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
        game = self.presenter.game
        return game is not None and self.view.is_guessing and game.is_guess_key(key, character)

    def on_key(self, event: events.Key) -> None:
        """Stop automatic sampling at any key, which then has its effect; pass guesses to the game."""
        stops = ("auto", "stop_auto")
        if self.view.is_auto and not any(is_key_of(self, name, event.key) for name in stops):
            self.action_stop_auto()
        if self.presenter.game is not None and self.view.is_guessing:
            is_stop_key = is_key_of(self, table_action("end_game"), event.key)
            if not self.presenter.game.handle_key(event.key, event.character, is_stop_key):
                return
            self.update_pane()
        elif is_key_of(self, "edit", event.key) and not self._prompt_field.is_open:
            self.action_edit()
        elif not self._prompt_field.takes_key(event):
            return
        event.stop()
        event.prevent_default()

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
        """Go to the clicked token or candidate; stop automatic sampling."""
        self.work.stop_auto()
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

    def rows(self, width: int, height: int) -> list[Text]:
        """Return the rows inside the border."""
        return generate_rows(self.view, width, height)

    def collapsed_row(self, width: int) -> Row:
        """Return the latest fixed-seed samples in one row."""
        return format_collapsed_row(self.state) if self.state else []

    def subtitle(self, width: int) -> str:
        """Return the views, the weights and the sampling settings for the border."""
        return title_info(self.view, width)


def format_collapsed_row(state: AppState) -> Row:
    """Return the fixed-seed samples of the latest steps in one row."""
    samples = "  ".join(f"{step:,}: {sanitize(text, 24)}" for step, text in state.run.samples[-3:])
    return [(samples or state.counts_label, "label")]
