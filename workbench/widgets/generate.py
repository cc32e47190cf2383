"""The Generate pane: a text drawn token by token, each draw taken apart."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from seqlm import errors
from seqlm.config import SampleConfig
from seqlm.protocol.queries import Drawn
from workbench.continuation import Prediction
from workbench.render.palette import DARK, Palette
from workbench.render.text import clean
from workbench.situation import Situation
from workbench.widgets.field import Field, field_of, is_key_of
from workbench.widgets.generate_desk import AtOnce, GenerateDesk, PredictionWanted
from workbench.widgets.generate_keys import GENERATE_BINDINGS, GENERATE_HELP
from workbench.widgets.generate_lines import generate_rows
from workbench.widgets.generate_prompt import MAX_PROMPT, typed_text
from workbench.widgets.generate_view import GenerateView, Source, title_info
from workbench.widgets.look import Look
from workbench.widgets.pane import Pane
from workbench.widgets.rows import Row

AUTO_INTERVAL_S = 0.25
_NARROW = 70


class GeneratePane(Pane):
    """Asks for predictions and samples by messages, and shows what comes back.

    Args:
        prompt: The prompt to begin with, as far as the vocabulary has its characters.
    """

    NUMBER = 4
    NAME = "Generate"
    HELP: ClassVar[str] = GENERATE_HELP
    BINDINGS: ClassVar[list[BindingType]] = GENERATE_BINDINGS

    class PredictionAsked(Message):
        """What comes after these tokens, under these weights? `predicted` takes the answer."""

        def __init__(self, request_id: str, tokens: tuple[str, ...], weights: str) -> None:
            super().__init__()
            self.request_id, self.tokens, self.weights = request_id, tokens, weights

    class SamplesAsked(Message):
        """`count` continuations of the prompt are wanted; `samples_drawn` takes them."""

        def __init__(self, request_id: str, prompt: tuple[str, ...], count: int) -> None:
            super().__init__()
            self.request_id, self.prompt, self.count = request_id, prompt, count

    class TemperatureAsked(Message):
        """A person halved or doubled the temperature."""

        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

    def __init__(self, prompt: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._desk = GenerateDesk(tuple(prompt))
        self._at_once: AtOnce | None = None
        self._shown: GenerateView | None = None
        self._auto: Timer | None = None

    @property
    def view(self) -> GenerateView:
        """What is drawn, as plain data."""
        return self._desk.view

    # What the app tells.

    def show(self, situation: Situation) -> None:
        """Takes what the folded pane tells of."""
        self.situation = situation
        if self.is_folded:
            self.redraw()

    def predicted(self, prediction: Prediction) -> None:
        """Takes the answer to a `PredictionAsked`; any but the last one asked is ignored."""
        self._desk.take_prediction(prediction)
        self._update()

    def answer_at_once(self, answerer: AtOnce | None) -> None:
        """From now on predictions come from `answerer`; without one they are asked for by message."""
        self._at_once = answerer

    def show_source(
        self, label: str, weights: str, step: int | None, vocabulary: tuple[str, ...], has_end: bool
    ) -> None:
        """Says who answers: a line for the title, the weights to ask for, and the vocabulary.

        Call it again when newer weights are there: while nothing is drawn, the pane asks again.
        """
        self._desk.use_source(Source(label, weights, step, vocabulary, has_end))
        self._update()

    def show_same_draw(self, samples: tuple[tuple[int, str], ...]) -> None:
        """Shows the same draw with the weights of some steps, oldest first."""
        self._desk.change(same_draw=samples)
        self._update()

    def samples_drawn(self, request_id: str, samples: Sequence[Drawn]) -> None:
        """Takes the answer to a `SamplesAsked`."""
        self._desk.take_samples(request_id, samples)
        self._update()

    def show_sampling(self, sampling: SampleConfig) -> None:
        """Draws with these settings from now on."""
        self._desk.change(sampling=sampling)
        self._update()

    def show_refusal(self, message: str) -> None:
        """Says why what was asked last is not possible."""
        self._stop_auto()
        self._desk.take_refusal(message)
        self._update()

    def show_look(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Draws with these colours and signs from now on."""
        super().show_look(palette, ascii_only)
        self._desk.change(look=Look(palette, ascii_only))
        self._update()

    # What a person does.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaving is the app's matter where there is nothing to leave here."""
        view = self.view
        is_in = self.has_class("-editing") or view.is_holding or view.message is not None
        return is_in if action == "leave" else True

    def action_draw(self) -> None:
        """Goes one token on; where none stands yet, draws one."""
        self._desk.draw()
        self._update()

    def action_back(self) -> None:
        """Goes one token back."""
        self._desk.back()
        self._update()

    def action_point(self, by: int) -> None:
        """Moves the cursor of the table."""
        self._desk.point_at(self.view.candidate + by)
        self._update()

    async def action_take(self) -> None:
        """Puts the candidate under the cursor into the text."""
        if self.has_class("-editing"):
            await self._field.action_submit()
            return
        self._desk.take_candidate()
        self._update()

    def action_again(self) -> None:
        """Draws the token under the cursor with the next random number."""
        self._desk.draw_again()
        self._update()

    def action_ten(self) -> None:
        """Asks for ten samples, and shows them where they have no room beside the table."""
        self._desk.ask_samples()
        if self.inner.width < _NARROW:
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

    def action_view(self) -> None:
        """Shows the next view."""
        self._desk.change(showing="samples" if self.view.showing == "step" else "step")
        self._update()

    def action_temperature(self, factor: float) -> None:
        """Asks for another temperature."""
        self.post_message(self.TemperatureAsked(self.view.sampling.temperature * factor))

    def action_auto(self) -> None:
        """Draws on by itself until the text ends or a key is pressed."""
        if self._auto is None:
            self.action_draw()
            self._auto = self.set_interval(AUTO_INTERVAL_S, self._draw_on)

    def action_edit(self) -> None:
        """Opens the prompt's field."""
        self.add_class("-editing")
        self._place_field()
        self._field.open_with(typed_text(self.view.text.prompt))

    def action_leave(self) -> None:
        """Leaves the field; out of it, follows the newest weights again."""
        if self.has_class("-editing"):
            self._desk.change(message=None)
            self._close_field()
        else:
            self._desk.follow()
        self._update()

    # Textual's events.

    def on_key(self, event: events.Key) -> None:
        """Any key stops what draws by itself, and does nothing else then."""
        if self._auto is not None and not event.key.startswith("ctrl+"):
            self._stop_auto()
        elif is_key_of(self, "edit", event.key) and not self.has_class("-editing"):
            self.action_edit()
        elif not (self.has_class("-editing") and self._field.takes_early(event)):
            return
        event.stop()
        event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes the typed prompt, or says why not and keeps the field open."""
        event.stop()
        try:
            self._desk.set_prompt(event.value)
        except errors.RequestError as error:
            self._desk.say(f"{error}. Prompt kept as it was.", is_error=True)
        else:
            self._close_field()
        self._update()

    def on_descendant_blur(self) -> None:
        """A field that is left is closed."""
        self.remove_class("-editing")

    def on_blur(self) -> None:
        """Nothing draws by itself in a pane that was left."""
        self._stop_auto()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Moves down the candidates."""
        event.stop()
        self.action_point(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Moves up the candidates."""
        event.stop()
        self.action_point(-1)

    def body(self, width: int, height: int) -> list[Text]:
        """The rows of one frame."""
        return generate_rows(self.view, width, height)

    def folded(self, width: int) -> Row:
        """The same draw at the last few ages."""
        return folded_row(self.situation) if self.situation else []

    def about(self, width: int) -> str:
        """View, weights and sampling, as far as there is room."""
        return title_info(self.view, width)

    def _draw_on(self) -> None:
        if not self._desk.can_draw_on():
            self._stop_auto()
        elif not self._desk.is_waiting:
            self._desk.draw()
        self._update()

    def _stop_auto(self) -> None:
        if self._auto is not None:
            self._auto.stop()
            self._auto = None

    @property
    def _field(self) -> Field:
        return field_of(self, MAX_PROMPT)

    def _close_field(self) -> None:
        self.remove_class("-editing")
        self.focus()

    def _update(self) -> None:
        """Sends the questions on, and draws again if what is shown changed."""
        while self._desk.outbox:
            question = self._desk.outbox.pop(0)
            if not isinstance(question, PredictionWanted):
                self.post_message(self.SamplesAsked(*question))
            elif self._at_once is None:
                self.post_message(self.PredictionAsked(*question))
            else:
                self._desk.answer(question, self._at_once)
        if self.view is not self._shown and self.view != self._shown:
            self._shown = self.view
            self.redraw()

    def on_resize(self) -> None:
        """The field keeps its place."""
        if self.has_class("-editing"):
            self._place_field()

    def _place_field(self) -> None:
        self._field.styles.offset = self.inner_offset
        self._field.styles.width = max(1, self.inner.width)


def folded_row(situation: Situation) -> Row:
    """The same draw at the last few ages, in one row."""
    samples = situation.run.samples[-3:]
    words = "  ".join(f"{step:,}: {clean(text, 24)}" for step, text in samples)
    return [(words or "pair counts answer until a model is trained", "label")]
