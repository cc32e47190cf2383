"""The Generate pane: a text drawn token by token, each draw taken apart."""

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.widgets import Input

from seqlm import errors
from workbench.panes.generate import messages
from workbench.panes.generate.background_work import WorkingPane
from workbench.panes.generate.bindings import GENERATE_BINDINGS, GENERATE_HELP, is_action_available
from workbench.panes.generate.prompt import MAX_PROMPT, typed_text
from workbench.panes.generate.render import generate_rows
from workbench.panes.generate.title import title_info
from workbench.panes.generate.view_model import Message
from workbench.panes.input_field import field_of, is_key_of
from workbench.render.sanitize import sanitize
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

if TYPE_CHECKING:
    from workbench.panes.generate.game import GamePresenter
    from workbench.widgets.field import Field

_NARROW = 70


class GeneratePane(WorkingPane):
    """Asks for predictions and samples by messages, and shows what comes back.

    Args:
        prompt: The prompt to begin with, as far as the vocabulary has its characters.
    """

    MAIN_ACTIONS = ("draw", "view(1)", "ten", "take", "open", "guess")
    NUMBER = 4
    NAME = "Generate"
    HELP: ClassVar[str] = GENERATE_HELP
    BINDINGS: ClassVar[list[BindingType]] = GENERATE_BINDINGS
    PredictionAsked: TypeAlias = messages.PredictionRequested
    SamplesAsked: TypeAlias = messages.SamplesRequested
    TemperatureAsked: TypeAlias = messages.TemperatureChangeRequested

    def __init__(self, prompt: str = "", id: str | None = None) -> None:
        super().__init__(tuple(prompt), id)

    # What a person does.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that would do nothing in this view is not there; leaving may be the app's matter."""
        return is_action_available(self.view, action, self.has_class("-editing"))

    def action_draw(self) -> None:
        """Goes one token on; where none stands yet, draws one."""
        self._desk.draw()
        self._update()

    def action_back(self) -> None:
        """Goes one token back."""
        self._desk.back()
        self._update()

    def action_point(self, by: int) -> None:
        """Moves the cursor of the view: among candidates, branches or samples."""
        self._desk.point(by)
        self._update()

    async def action_take(self) -> None:
        """Puts the candidate under the cursor into the text: a branch."""
        if self.has_class("-editing"):
            await self._field.action_submit()
            return
        self._desk.take_candidate()
        self._update()

    def action_open(self) -> None:
        """Looks at the token under the tree's cursor."""
        self._desk.change(showing="step", message=None)
        self._update()

    def action_again(self) -> None:
        """Draws the token under the cursor with the next random number."""
        self._desk.draw_again()
        self._update()

    def action_ten(self) -> None:
        """Asks for ten samples, and shows them where they have no room beside the table."""
        self._desk.ask_samples()
        if self.inner.width < _NARROW or self.view.showing != "step":
            self._desk.change(showing="samples")
        self._update()

    def action_undo(self) -> None:
        """Takes the last change of the text back."""
        self._desk.undo()
        self._update()

    def action_redo(self) -> None:
        """Makes the change again that was taken back."""
        self._desk.redo()
        self._update()

    def action_fork(self) -> None:
        """Begins a branch before the cursor."""
        self._desk.fork()
        self._update()

    def action_drop(self) -> None:
        """Takes the current branch out of the tree."""
        self._desk.drop()
        self._update()

    def action_keep(self) -> None:
        """Marks the current branch to stay, or takes the mark away."""
        self._desk.keep()
        self._update()

    def action_view(self, by: int) -> None:
        """Shows the next view, or the one before."""
        self._desk.show_view(by)
        if self.view.showing == "guess":
            self._open_game().show()
        self._update()

    def action_temperature(self, factor: float) -> None:
        """Asks for another temperature."""
        self.post_message(self.TemperatureAsked(self.view.sampling.temperature * factor))

    def action_auto(self) -> None:
        """Draws on by itself until the text ends or a key is pressed."""
        self._start_auto()
        self._update()

    def action_guess(self) -> None:
        """From now on letters are guesses."""
        self._open_game().begin()
        self._update()

    def action_edit(self) -> None:
        """Opens the prompt's field."""
        self.add_class("-editing")
        self._place_field()
        self._field.open_with(typed_text(self.view.text.prompt, self.view.source))

    def action_cancel(self) -> None:
        """Leaves the field; the prompt stays."""
        self._close_field()

    def action_end_game(self) -> None:
        """Letters are keys again."""
        self._open_game().leave()
        self._update()

    def action_give_up(self) -> None:
        """Waits for no answer any more."""
        self._give_up_game()
        self._desk.give_up()
        self._update()

    def action_leave(self) -> None:
        """Follows the newest weights again."""
        self._desk.follow()
        self._update()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is a guess, and so no key of everywhere."""
        is_on = self._game is not None and self.view.is_guessing
        return is_on and self._is_guess(key, character)

    def _is_guess(self, key: str, character: str | None) -> bool:
        is_typed = (
            self._game is not None and bool(character) and self._game.is_guess(character or "")
        )
        return key == "enter" or is_typed

    # Textual's events.

    def on_key(self, event: events.Key) -> None:
        """Any key stops what draws by itself, and does nothing else then; in the game keys type."""
        is_editing = self.has_class("-editing")
        if self._auto is not None and not event.key.startswith("ctrl+"):
            self._stop_auto()
        elif self._game is not None and self.view.is_guessing:
            if not self._guessed(event, self._game):
                return
        elif is_key_of(self, "edit", event.key) and not is_editing:
            self.action_edit()
        elif not (is_editing and self._field.takes_early(event)):
            return
        event.stop()
        event.prevent_default()

    def _guessed(self, event: events.Key, game: "GamePresenter") -> bool:
        """Whether a key is a guess, or ends the guessing."""
        if is_key_of(self, "end_game", event.key):
            game.leave()
        elif self._is_guess(event.key, event.character):
            try:
                game.guess("end" if event.key == "enter" else event.character or "")
            except errors.RequestError as error:
                self._desk.say(f"{error}.", is_error=True)
        else:
            return False
        self._update()
        return True

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted becomes the prompt, once enter takes it."""
        event.stop()
        if is_action_available(self.view, "edit") and not self.has_class("-editing"):
            self.action_edit()
            self._field.value = event.text[:MAX_PROMPT]
            self._field.action_end()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes the typed prompt, or says why not and keeps the field open."""
        event.stop()
        try:
            self._desk.set_prompt(event.value)
        except errors.RequestError as error:
            message = Message(f"{error}. Prompt kept as it was.", True, is_under_field=True)
            self._desk.change(message=message)
        else:
            self._close_field()
        self._update()

    def on_descendant_blur(self) -> None:
        """A field that is left is closed, and what was said of it goes with it."""
        self.remove_class("-editing")
        if self.view.message is not None and self.view.message.is_under_field:
            self._desk.change(message=None)
            self._update()

    def on_blur(self) -> None:
        """Nothing draws by itself in a pane that was left, and no letter is a guess there."""
        self._stop_auto()
        if self._game is not None and self.view.is_guessing:
            self._game.leave()
            self._update()

    def on_click(self, event: events.Click) -> None:
        """Goes to a token of the text or the tree, or points at a candidate."""
        self._desk.click(event.style.meta)
        self._update()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Moves down."""
        event.stop()
        self.action_point(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Moves up."""
        event.stop()
        self.action_point(-1)

    def body(self, width: int, height: int) -> list[Text]:
        """The rows of one frame."""
        return generate_rows(self.view, width, height)

    def collapsed_row(self, width: int) -> Row:
        """The same draw at the last few ages."""
        return folded_row(self.situation) if self.situation else []

    def subtitle(self, width: int) -> str:
        """View, weights and sampling, as far as there is room."""
        return title_info(self.view, width)

    @property
    def _field(self) -> "Field":
        return field_of(self, MAX_PROMPT)

    def _close_field(self) -> None:
        self.remove_class("-editing")
        self.focus()

    def on_resize(self) -> None:
        """The field keeps its place."""
        if self.has_class("-editing"):
            self._place_field()

    def _place_field(self) -> None:
        self._field.styles.offset = self.inner_offset
        self._field.styles.width = max(1, self.inner.width)


def folded_row(situation: AppState) -> Row:
    """The same draw at the last few ages, in one row."""
    samples = situation.run.samples[-3:]
    words = "  ".join(f"{step:,}: {sanitize(text, 24)}" for step, text in samples)
    one = situation.preview.text.tokenizer.token_noun if situation.preview else "letter"
    return [(words or f"{one}-pair counts answer until a model is trained", "label")]
