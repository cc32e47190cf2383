"""A new view and a new corpus take effect by being in their registry, with no other change."""

import json

import pytest
from textual.app import App, ComposeResult

from seqlm.cli.main import run
from seqlm.configuration.model_configs import MlpConfig
from seqlm.configuration.run_config import DataConfig, RunConfig, TrainConfig
from seqlm.data.corpus_registry import CORPORA, CorpusSpec
from seqlm.data.prepared_text import prepare
from seqlm.protocol.events import Ended, StepsDone
from seqlm.training.trainer import Trainer
from workbench.corpus.preview import make_preview
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.data.pane import DataPane
from workbench.panes.data.view_model import DataViewModel
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.loss.pane import LossPane
from workbench.panes.pane import Pane
from workbench.panes.pane_view import PaneView
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

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
        shown = ["".join(text for text, _ in row) for row in pane.body(76, 18)]
        assert any(text.endswith(" vowels") for text in shown)
        await pilot.press("v")
        assert pane.subtitle(60) == "training examples (view 1 of 6)"
    assert "View 7, vowels: how many vowels there are." in DataPane.help_text()


@pytest.mark.parametrize("pane", [DataPane, ControlsPane, LossPane, GeneratePane])
def test_views_have_different_names(pane: type[Pane]) -> None:
    names = [view.name for view in pane.VIEWS]
    assert names
    assert len(set(names)) == len(names)
