"""Snapshots of the views of the Generate pane."""

from collections.abc import Callable

from generate_harness import HOSTILE, Host, prediction, press, tokenizer_of
from textual.pilot import Pilot

from seqlm.configuration.run_config import RunConfig, SampleConfig
from seqlm.data.tokenizer import END
from workbench.application.startup import make_theme
from workbench.corpus.preview import Preview
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.generate.view_model import PredictionSource
from workbench.render.palette import DARK, NO_COLOR
from workbench.state.app_state import AppState

Compare = Callable[..., bool]
_TOKENS = (*(token for token in HOSTILE if token), "[@click=app.bell]", END)
STRANGE = {token: 0.7**i for i, token in enumerate(_TOKENS)}


class Picture(Host):
    """Pane alone, in the colors of the workbench."""

    def __init__(self, shares: dict[str, float], sampling: SampleConfig, keys: str) -> None:
        total = sum(shares.values())
        super().__init__({token: share / total for token, share in shares.items()})
        self._sampling, self._keys = sampling, keys.split()
        self.register_theme(make_theme(DARK))
        self.theme = "seqlm"

    def connect(self) -> None:
        tokenizer = tokenizer_of((*(s for s in self.shares if s != END), END))
        source = PredictionSource("weights of step 41,200", "live", 41_200, tokenizer)
        self.pane.inbox.set_source(source)
        self.pane.inbox.set_sampling(self._sampling)
        self.pane.focus()

    def _answer(self, asked: GeneratePane.PredictionRequested) -> None:
        self.pane.inbox.receive_prediction(prediction(self.shares, asked.request_id))

    async def play(self, pilot: Pilot[None]) -> None:
        """Press the keys and finish the novelty lookups."""
        await press(pilot, self._keys)
        pane = self.pane
        while pane.work.lookups is not None and pane.work.lookups.has_work(pane.view):
            await pilot.pause()
        await pilot.pause()


def test_stages_of_strange_tokens(snap_compare: Compare) -> None:
    """Cut tokens stay visible, no token has a side effect, every column sums to 1."""
    sampling = SampleConfig(temperature=0.8, top_k=8, top_p=0.9, min_p=0.1, seed=7)
    app = Picture(STRANGE, sampling, "right right right left v v down")
    assert snap_compare(app, terminal_size=(120, 26), run_before=app.play)


def test_a_tree_after_picks_and_an_undo(snap_compare: Compare, preview: Preview) -> None:
    """The branch that was left is shown beside the new one."""
    shares = {"m": 0.2, "a": 0.25, "r": 0.2, "i": 0.15, "e": 0.1, END: 0.1}
    keys = (
        "i m a enter down enter right home down down down enter right end enter left left "
        "end up enter right home enter right end enter n u v v v m up"
    )
    app = Picture(shares, SampleConfig(seed=7), keys)

    async def play(pilot: Pilot[None]) -> None:
        app.pane.set_state(AppState(RunConfig(preset="names-mlp"), preview=preview))
        await app.play(pilot)

    assert snap_compare(app, terminal_size=(100, 20), run_before=play)


def test_a_game_of_three_guesses_in_ascii(snap_compare: Compare, preview: Preview) -> None:
    """The guess and the target have marks beside their colors, in ASCII too."""
    shares = {token: 1 / (1 + i) for i, token in enumerate(preview.vocabulary)}
    app = Picture(shares, SampleConfig(), "V enter e a n")

    async def play(pilot: Pilot[None]) -> None:
        app.pane.set_appearance(NO_COLOR, ascii_only=True)
        app.pane.set_state(AppState(RunConfig(preset="names-mlp"), preview=preview))
        await app.play(pilot)

    assert snap_compare(app, terminal_size=(80, 18), run_before=play)
