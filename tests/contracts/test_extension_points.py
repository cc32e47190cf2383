"""A new view, corpus, live setting or model family takes effect by its declaration alone."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from msgspec import Meta
from msgspec.structs import replace
from textual.app import App, ComposeResult

from seqlm.cli.main import run
from seqlm.configuration import dotted_keys
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_base import Hidden, ModelFamily, n_output
from seqlm.configuration.model_configs import FAMILIES, MlpConfig
from seqlm.configuration.run_config import Change, RunConfig, TrainConfig
from seqlm.data.corpus_registry import CORPORA, CorpusSpec
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError
from seqlm.models.base import SequenceModel, State
from seqlm.models.registry import BUILDERS, build
from seqlm.presets import PRESETS, Preset
from seqlm.protocol.events import Ended, Evaluated, StepsDone, ValueChanged
from seqlm.runs.directory import RunLock
from seqlm.runs.training_run import TrainingRun
from seqlm.runspec import recipe
from seqlm.training import live_settings
from seqlm.training.live_settings import FIELD_OF_KEY, LiveSettings
from seqlm.training.train_step import GradientTrainStep
from seqlm.training.trainer import Trainer
from workbench.corpus.preview import make_preview
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.controls.rows import control_rows
from workbench.panes.data.pane import DataPane
from workbench.panes.data.view_model import DataViewModel
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.loss.pane import LossPane
from workbench.panes.pane import Pane, pane_help
from workbench.panes.pane_view import PaneView
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from write_docs import settings_page

LINES = "abba\nbaba\ncabbac\nacab\n" * 10
CONFIG = RunConfig(
    preset="letters",
    data=DataConfig(corpus="letters", deduplicate=False),
    model=MlpConfig(context=2, embedding=2, hidden=4),
    train=TrainConfig(steps=3, batch=4, evaluate_every=3),
)


@pytest.fixture
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a corpus that no other code knows."""
    spec = CorpusSpec(
        description="four words of three letters",
        read=lambda _, __: (None, LINES.encode()),
        mode="lines",
    )
    monkeypatch.setitem(CORPORA, "letters", spec)


@pytest.mark.usefixtures("_letters")
def test_new_corpus_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["corpora"]
    assert "letters" in json.dumps(listed)


@pytest.mark.usefixtures("_letters")
def test_new_corpus_can_be_trained_on() -> None:
    trainer = Trainer(CONFIG, prepare(CONFIG.data))
    events = [event for event in trainer.run() if event is not None]
    assert max(event.last_step for event in events if isinstance(event, StepsDone)) == 3
    assert not [
        event for event in events if isinstance(event, Ended) and event.status != "finished"
    ]


class Host(App[None]):
    """The Data pane alone."""

    def compose(self) -> ComposeResult:
        yield DataPane(id="data")


def vowel_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    text = "".join(model.text.text.items["train"])
    return [[(f"{text.count('a')} vowels"[:width], "plain")]][:height]


@pytest.mark.usefixtures("_letters")
async def test_new_view_is_reached_by_its_key_and_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    view = PaneView("vowels", vowel_rows, "how many vowels there are.")
    monkeypatch.setattr(DataPane, "VIEWS", (*DataPane.VIEWS, view))
    app = Host()
    async with app.run_test(size=(80, 20)) as pilot:
        pane = app.query_one(DataPane)
        pane.set_state(AppState(CONFIG, preview=make_preview(CONFIG.data)))
        pane.focus()
        await pilot.press("V")
        assert pane.subtitle(60) == "vowels (view 6 of 6)"
        shown = ["".join(text for text, _ in row) for row in pane.rows(76, 18)]
        assert any(text.endswith(" vowels") for text in shown)
        await pilot.press("v")
        assert pane.subtitle(60) == "training examples (view 1 of 6)"
    assert "View 7, vowels: how many vowels there are." in pane_help(DataPane)


@pytest.mark.parametrize("pane", [DataPane, ControlsPane, LossPane, GeneratePane])
def test_views_have_different_names(pane: type[Pane]) -> None:
    names = [view.name for view in pane.VIEWS]
    assert names
    assert len(set(names)) == len(names)


class ExtendedTrainConfig(TrainConfig, frozen=True, kw_only=True):
    """The training settings and a new live setting."""

    label_smoothing: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="Label smoothing: probability that each target gives to other tokens",
            extra={"is_live": True},
        ),
    ] = 0.125


class ExtendedLiveSettings(LiveSettings, frozen=True, kw_only=True):
    """The live settings and the new one."""

    label_smoothing: float


LABEL_SMOOTHING = "train.label_smoothing"


@pytest.fixture
def smoothed_config(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunConfig]:
    """Declare a live setting in the two structs that declare live settings; return its preset."""
    dotted_keys._by_key.cache_clear()
    monkeypatch.setattr(dotted_keys, "TrainConfig", ExtendedTrainConfig)
    monkeypatch.setattr(live_settings, "LiveSettings", ExtendedLiveSettings)
    monkeypatch.setitem(FIELD_OF_KEY, LABEL_SMOOTHING, "label_smoothing")
    train = ExtendedTrainConfig(steps=6, batch=4, evaluate_every=6)
    config = replace(CONFIG, train=train)
    monkeypatch.setitem(PRESETS, "letters", Preset(config=config, teaches="letters"))
    yield config
    dotted_keys._by_key.cache_clear()


def test_new_live_setting_is_found_and_parsed(smoothed_config: RunConfig) -> None:
    setting = dotted_keys.find(smoothed_config, LABEL_SMOOTHING)
    assert (setting.default, setting.is_live) == (0.125, True)
    assert LABEL_SMOOTHING in dotted_keys.live_keys(smoothed_config)
    changed = recipe.apply_settings(smoothed_config, [f"{LABEL_SMOOTHING}=0.5"])
    assert dotted_keys.value_of(changed, LABEL_SMOOTHING) == 0.5
    assert recipe.format_recipe(changed) == f"letters {LABEL_SMOOTHING}=0.5"
    with pytest.raises(RequestError, match="allowed: 0 to below 1"):
        setting.parse("1")


def test_new_live_setting_has_a_row_in_controls(smoothed_config: RunConfig) -> None:
    rows = {row.key: row for row in control_rows(smoothed_config, None, {})}
    assert rows[LABEL_SMOOTHING].label == "label smoothing"
    assert rows[LABEL_SMOOTHING].value_text == "0.125"
    assert rows[LABEL_SMOOTHING].live


@pytest.mark.usefixtures("smoothed_config")
def test_new_live_setting_is_in_the_settings_documentation() -> None:
    page = settings_page()
    assert "| `train.label_smoothing` | `0.125` | 0 to below 1 | yes | Label smoothing: " in page


@pytest.mark.usefixtures("_letters")
def test_new_live_setting_changes_at_a_step_of_a_run(
    smoothed_config: RunConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: list[float] = []
    step = GradientTrainStep.step

    def recording_step(self: Any, index: int, settings: Any, learning_rate: float) -> Any:
        used.append(settings.label_smoothing)
        return step(self, index, settings, learning_rate)

    monkeypatch.setattr(GradientTrainStep, "step", recording_step)
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    config = recipe.apply_settings(smoothed_config, [f"{LABEL_SMOOTHING}=0.25@2"])
    training = TrainingRun.start(config, prepare(config.data), None, RunLock(pid=1, socket="none"))
    answer = training.change(Change(key=LABEL_SMOOTHING, value=0.5, step=4), "me")
    assert (answer.old, answer.new) == (0.25, 0.5)
    events = list(training.train())
    training.close()
    changes = [event for event in events if isinstance(event, ValueChanged)]
    assert [(c.step, c.key, c.old, c.new, c.command_id) for c in changes] == [
        (2, LABEL_SMOOTHING, 0.125, 0.25, None),
        (4, LABEL_SMOOTHING, 0.25, 0.5, "me"),
    ]
    assert used == [0.125, 0.125, 0.25, 0.25, 0.5, 0.5]


class LeakyConfig(ModelFamily, frozen=True, kw_only=True, tag="leaky"):
    """A model family that no other code knows: a decaying sum of embeddings."""

    hidden: Hidden = 16
    decay: Annotated[
        float, Meta(ge=0, lt=1, description="Decay: fraction of the sum kept at each token")
    ] = 0.5

    def n_parameters(self, n_vocab: int, n_rows: int) -> int:
        return n_vocab * self.hidden + n_output(self.hidden, n_vocab, tied=False)


class Leaky(SequenceModel):
    """The state is the decaying sum of the embeddings so far (B, H)."""

    def __init__(self, config: LeakyConfig, n_vocab: int, _: int) -> None:
        super().__init__(n_vocab)
        self.decay = config.decay
        self.embedding = torch.nn.Embedding(n_vocab, config.hidden)
        self.output = torch.nn.Linear(config.hidden, n_vocab)

    def forward(
        self, tokens: torch.Tensor, state: State | None = None
    ) -> tuple[torch.Tensor, State]:
        vectors = self.embedding(tokens)  # (B, T, H)
        total = torch.zeros_like(vectors[:, 0]) if state is None else state[0]
        totals = []
        for vector in vectors.unbind(1):
            total = self.decay * total + vector
            totals.append(total)
        return self.output(torch.stack(totals, 1)), (total,)


@pytest.fixture
def leaky_config(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunConfig]:
    """Register a model family in the two registries of families; return a configuration of it."""
    dotted_keys._by_key.cache_clear()
    monkeypatch.setitem(FAMILIES, "leaky", LeakyConfig)
    monkeypatch.setitem(BUILDERS, LeakyConfig, Leaky)
    monkeypatch.setitem(PRESETS, "letters", Preset(config=CONFIG, teaches="letters"))
    words = ["model.kind=leaky", "train.steps=60", "train.evaluate_every=30"]
    yield recipe.apply_settings(CONFIG, [*words, "train.learning_rate=0.5"])
    dotted_keys._by_key.cache_clear()


def test_settings_of_a_new_family_are_listed(leaky_config: RunConfig) -> None:
    keys = [setting.key for setting in dotted_keys.settings_of(leaky_config)]
    assert [key for key in keys if key.startswith("model.")] == [
        "model.kind",
        "model.hidden",
        "model.decay",
    ]
    assert dotted_keys.value_of(leaky_config, "model.kind") == "leaky"
    assert dotted_keys.value_of(leaky_config, "model.hidden") == CONFIG.model.hidden
    rows = {row.key: row for row in control_rows(leaky_config, None, {})}
    assert rows["model.decay"].value_text == "0.5"
    assert "leaky" in rows["model.kind"].setting.choices
    page = settings_page()
    assert "## Model family `leaky`" in page
    assert "| `model.decay` | `0.5` | 0 to below 1 |  | Decay: " in page


@pytest.mark.usefixtures("leaky_config")
@torch.inference_mode()
def test_new_family_obeys_the_model_law() -> None:
    model = build(LeakyConfig(), 7, 6, seed=3).eval()
    tokens = torch.randint(7, (2, 8), generator=torch.Generator().manual_seed(0))
    whole, end = model(tokens)
    assert whole.shape == (2, 8, 7)
    for cut in range(1, 8):
        first, state = model(tokens[:, :cut])
        second, last = model(tokens[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-5, rtol=0)
        torch.testing.assert_close(last[0], end[0], atol=1e-5, rtol=0)


@pytest.mark.usefixtures("_letters")
def test_loss_of_a_new_family_falls_in_training(leaky_config: RunConfig) -> None:
    text = prepare(leaky_config.data)
    trainer = Trainer(leaky_config, text)
    counted = leaky_config.model.n_parameters(text.tokenizer.n_vocab, text.tokenizer.n_vocab)
    assert trainer.n_parameters == counted
    events = list(trainer.run())
    losses = [loss for event in events if isinstance(event, StepsDone) for loss in event.losses]
    assert len(losses) == 60
    assert sum(losses[-10:]) / 10 < sum(losses[:10]) / 10 - 0.1
    checks = [e for e in events if isinstance(e, Evaluated) and e.split == "val"]
    assert [check.step for check in checks] == [30, 60]
    assert isinstance(events[-1], Ended)
    assert events[-1].status == "finished"
