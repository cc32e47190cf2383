"""Views of the Generate pane and a host app for its tests."""

from array import array
from collections.abc import Iterable
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import CharTokenizer
from seqlm.generation import sampler
from seqlm.protocol.queries import SampleResult
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.generate.presenter import GeneratePresenter
from workbench.panes.generate.render import generate_rows
from workbench.panes.generate.requests import PredictionRequest
from workbench.panes.generate.view_model import GenerateView, PredictionSource
from workbench.render.sanitize import END
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree

SHARES = {"a": 0.4, "n": 0.25, "r": 0.15, END: 0.1, "i": 0.06, "y": 0.04}
VOCABULARY = ("a", "i", "n", "r", "y", END)
HOSTILE = ("[/", "\x1b[31m", "\n", " ", "漢", "e\u0301\u0301\u0301\u0301", "\u0301", "\u202e", "")


def prediction(
    shares: dict[str, float] = SHARES, request_id: str = "q", step: int | None = 41_200
) -> Prediction:
    ranked = sorted(shares.values(), reverse=True)
    ids = array("i", sorted(range(len(shares)), key=lambda i: -list(shares.values())[i]))
    return Prediction(
        request_id, tuple(shares), ids, array("d", ranked), sampler.entropy(ranked), step,
        ("m", "a"), (2.71, 0.44),
    )  # fmt: skip


def sampled_view(**changes: Any) -> GenerateView:
    sampling = SampleConfig(temperature=0.8, top_k=5, seed=7)
    text = SampleTree().start(("m", "a")).pick(prediction(), 2).forward()
    text = text.sample(prediction(), sampling)
    samples = (
        SampleResult(
            text="mariel", tokens=["r", "i", "e", "l", END], surprisal=[1.0] * 5, is_item=True
        ),
        SampleResult(
            text="maria",
            tokens=["r", "i", "a", END],
            surprisal=[1.0] * 4,
            is_item=True,
            seen_in="train",
        ),
    )
    values: dict[str, Any] = {
        "text": text,
        "sampling": sampling,
        "source": source(41_200),
        "fixed_seed_samples": ((10, "pwrcxuwkd"), (1000, "malixa"), (41_200, "kaycoum")),
        "samples": samples,
        "samples_step": 41_200,
        **changes,
    }
    return GenerateView(**values)


def plain(view: GenerateView, width: int, height: int) -> list[str]:
    return [row.plain.rstrip() for row in generate_rows(view, width, height)]


def source(step: int | None = 1, vocabulary: tuple[str, ...] = VOCABULARY) -> PredictionSource:
    return PredictionSource("names-mlp-7", "live", step, tokenizer_of(vocabulary))


def tokenizer_of(vocabulary: tuple[str, ...] = VOCABULARY) -> CharTokenizer:
    """Return a tokenizer with these tokens; the end token is the last one if it is included."""
    return CharTokenizer(vocabulary, len(vocabulary) - 1 if END in vocabulary else None)


def presenter_with(step: int | None = 1, prompt: str = "a") -> GeneratePresenter:
    presenter = GeneratePresenter(tuple(prompt))
    presenter.requests.set_source(source(step))
    return presenter


def answer(presenter: GeneratePresenter, step: int = 1, shares: dict[str, float] = SHARES) -> None:
    asked = presenter.requests.outbox.pop()
    assert isinstance(asked, PredictionRequest)
    presenter.receive_prediction(prediction(shares, asked.request_id, step))


class Host(App[None]):
    """App that answers every prediction immediately and records the requests."""

    def __init__(self, shares: dict[str, float] = SHARES) -> None:
        super().__init__()
        self.shares = shares
        self.requests: list[Any] = []
        self.is_silent = False

    def compose(self) -> ComposeResult:
        yield GeneratePane("a")

    @property
    def pane(self) -> GeneratePane:
        return self.query_one(GeneratePane)

    def on_mount(self) -> None:
        self.connect()

    def connect(self) -> None:
        """Set the source of the predictions."""
        self.pane.inbox.set_source(PredictionSource("names-mlp-7", "live", 1, tokenizer_of()))
        self.pane.inbox.set_sampling(SampleConfig(seed=3))
        self.pane.focus()

    def on_generate_pane_prediction_requested(
        self, asked: GeneratePane.PredictionRequested
    ) -> None:
        self.requests.append(asked)
        if not self.is_silent:
            self._answer(asked)

    def _answer(self, asked: GeneratePane.PredictionRequested) -> None:
        self.pane.inbox.receive_prediction(prediction(self.shares, asked.request_id, 1))

    def on_generate_pane_samples_requested(self, asked: GeneratePane.SamplesRequested) -> None:
        self.requests.append(asked)
        self.pane.inbox.receive_samples(
            asked.request_id,
            [SampleResult(text="anna", tokens=["n", END], surprisal=[1.0, 2.0], is_item=True)],
        )

    def on_generate_pane_temperature_change_requested(
        self, asked: GeneratePane.TemperatureChangeRequested
    ) -> None:
        self.requests.append(asked.value)


NEVER_ENDING = {"a": 0.5, "n": 0.3, "i": 0.2}


async def press(pilot: Pilot[None], keys: Iterable[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def tokens(pane: GeneratePane) -> list[str]:
    return [drawn.token for drawn in pane.view.text.sampled]


def screen_text(app: App[None]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)
