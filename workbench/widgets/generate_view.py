"""Everything one frame of the Generate pane shows, as plain data."""

from functools import cached_property
from typing import Literal

from msgspec import Struct, field

from seqlm.config import SampleConfig
from seqlm.generation import sampler
from seqlm.protocol.queries import Drawn
from workbench.continuation import Continuation, Prediction
from workbench.render import figures
from workbench.render.text import clean
from workbench.widgets.look import Look

Showing = Literal["step", "samples"]


class Source(Struct, frozen=True):
    """Who answers.

    Attributes:
        label: What to call the model before it has a step.
        weights: The weights to ask for.
        step: The newest step there is; None while nothing is trained.
        vocabulary: Every token, by id.
        has_end: Whether items end with the end token, which then is the last of the vocabulary.
    """

    label: str = ""
    weights: str = "live"
    step: int | None = None
    vocabulary: tuple[str, ...] = ()
    has_end: bool = True


class Message(Struct, frozen=True):
    """A line at the bottom: something to know, or why something was refused."""

    text: str
    is_error: bool = False


class GenerateView(Struct, frozen=True, dict=True):
    """One frame.

    Attributes:
        text: The prompt, what was drawn, and the cursor.
        pending: What is expected at the cursor while no token stands there.
        candidate: The candidate under the table's cursor, 0 the most probable.
        sampling: How tokens are drawn.
        source: Who answers.
        same_draw: (step, text) of the same draw with the weights of some steps, oldest first.
        samples: The latest ones; None before any were asked for.
        showing: Which view of the pane.
        message: The line at the bottom, if any.
        look: Colours and signs.
    """

    text: Continuation = field(default_factory=Continuation)
    pending: Prediction | None = None
    candidate: int = 0
    sampling: SampleConfig = field(default_factory=SampleConfig)
    source: Source = field(default_factory=Source)
    same_draw: tuple[tuple[int, str], ...] = ()
    samples: tuple[Drawn, ...] | None = None
    showing: Showing = "step"
    message: Message | None = None
    look: Look = field(default_factory=Look)

    @property
    def prediction(self) -> Prediction | None:
        """What the model expects at the cursor."""
        return self.text.here.prediction if self.text.here else self.pending

    @property
    def is_holding(self) -> bool:
        """Whether a text stands there whose weights are kept as they were."""
        return bool(self.text.drawn)

    @cached_property
    def options(self) -> list[sampler.Candidate]:
        """The candidates at the cursor, with the present sampling; ``token_id`` is their place."""
        return self.prediction.sampled(self.sampling) if self.prediction else []

    @property
    def u(self) -> float | None:
        """The number that chose the token at the cursor, or will; None for one taken by hand."""
        if self.text.here:
            return self.text.here.u
        return sampler.uniform(self.sampling.seed, 0, self.text.cursor)

    @property
    def entropy_sampled_nats(self) -> float:
        """How undecided the draw is, after the sampling settings."""
        return sampler.entropy([option.sampled for option in self.options])

    def token(self, index: int) -> str:
        """The token of a candidate."""
        return self.prediction.candidates[index][0] if self.prediction else ""


def title_info(view: GenerateView, width: int = 80) -> str:
    """What the border says: whose weights, and how tokens are drawn, as far as there is room."""
    step = view.prediction.step if view.prediction else view.source.step
    if step is None:
        return clean(view.source.label, max(1, width))
    sampling = view.sampling
    parts = [("holds step " if view.is_holding else "step ") + figures.count(step)]
    if sampling.temperature != 1:
        parts.append(f"T {sampling.temperature:g}")
    if sampling.top_k is not None:
        parts.append(f"top-k {sampling.top_k:,}")
    parts.append(f"seed {sampling.seed}")
    while len(parts) > 1 and len(" · ".join(parts)) > width:
        parts.pop()
    return " · ".join(parts)
