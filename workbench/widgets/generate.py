"""The Generate pane: a text drawn token by token, each draw taken apart."""

from collections.abc import Sequence

from textual.message import Message
from textual.widget import Widget

from seqlm.protocol.queries import Drawn
from workbench.continuation import Prediction
from workbench.render.palette import DARK, Palette


class GeneratePane(Widget, can_focus=True):
    """Asks for predictions and samples by messages, and shows what comes back.

    Args:
        prompt: The prompt to begin with, as far as the vocabulary has its characters.
    """

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
        self._wanted_prompt = prompt

    def predicted(self, prediction: Prediction) -> None:
        """Takes the answer to a `PredictionAsked`; any but the last one asked is ignored."""

    def show_source(
        self,
        label: str,
        weights: str,
        step: int | None,
        vocabulary: tuple[str, ...],
        has_end: bool,
    ) -> None:
        """Says who answers: a line for the title, the weights to ask for, and the vocabulary.

        Call it again when newer weights are there: nothing drawn yet, the pane asks again.
        """

    def show_same_draw(self, samples: tuple[tuple[int, str], ...]) -> None:
        """Shows the same draw at some steps, oldest first."""

    def samples_drawn(self, request_id: str, samples: Sequence[Drawn]) -> None:
        """Takes the answer to a `SamplesAsked`."""

    def show_sampling(self, temperature: float, top_k: int | None, seed: int) -> None:
        """Draws with these settings from now on."""

    def show_refusal(self, message: str) -> None:
        """Says why what was asked last is not possible."""

    def show_look(self, palette: Palette = DARK, ascii_only: bool = False) -> None:
        """Draws with these colours and signs from now on."""
