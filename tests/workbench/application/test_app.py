"""The app on recorded logs: keys, requests to the worker, and the resulting state."""

import asyncio
import threading
from pathlib import Path

import pytest
from app_harness import CONFIG, AppHarness, wait_until, wait_until_settled
from fake_worker import FakeWorker, write_run
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind

from seqlm.configuration.data_config import DataConfig
from seqlm.data.text_io import Progress
from seqlm.protocol import codec
from seqlm.protocol.commands import Read, Resume, SetValue, Start
from seqlm.protocol.events import Paused
from seqlm.runs.directory import CorpusRecord
from seqlm.runspec import recipe
from seqlm.worker import client
from workbench.application.app import Workbench
from workbench.application.startup import StartupOptions
from workbench.corpus import loader as texts
from workbench.corpus.preview import Preview
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.generate.pane import GeneratePane
from workbench.run.state import RunState
from workbench.screens.leave import LeaveScreen
from workbench.state.app_state import AppState


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (30, 8), (40, 12), (60, 20), (99, 31), (200, 50)])
async def test_app_works_at_any_size(harness: AppHarness, size: tuple[int, int]) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=size) as pilot:
        await wait_until_settled(pilot)
        for key in ("1", "2", "3", "4", "tab", "v", "z", "x", "question_mark", "escape", "escape"):
            await pilot.press(key)
        await pilot.resize_terminal(120, 40)
        await pilot.resize_terminal(*size)
        await pilot.pause()


async def test_space_starts_pauses_and_resumes(harness: AppHarness, tmp_path: Path) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        run = write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, until("steered", 400))
        await pilot.press("space")
        await wait_until_settled(pilot)
        [start] = harness.worker.messages_of(Start)
        assert start.recipe == recipe.format_recipe(CONFIG)
        assert app.state.run.status == "training"
        harness.worker.log = run.events_path
        for status in ("paused", "training"):
            await pilot.press("space")
            await wait_until_settled(pilot)
            assert app.state.run.status == status
        sent = [kind for kind in harness.worker.kinds() if kind in ("Start", "Pause", "Continue")]
        assert sent == ["Start", "Pause", "Continue"]


async def test_space_resumes_a_diverged_run_with_a_lower_learning_rate(harness: AppHarness) -> None:
    """At step 600 the logged change to the too large rate applies again, then the lower rate."""
    app = harness.app(recorded("diverging"), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("space")
        await wait_until_settled(pilot)
        sent = harness.worker.messages_of(Resume)
        assert [m.words for m in sent] == [["train.learning_rate=10@600"]]


async def test_space_resumes_a_diverged_run_with_the_pending_learning_rate(
    harness: AppHarness,
) -> None:
    app = harness.app(recorded("diverging"), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        app.main.controls.post_message(ControlsPane.ValueRequested("train.learning_rate", 0.5))
        await wait_until_settled(pilot)
        await pilot.press("space")
        await wait_until_settled(pilot)
        sent = harness.worker.messages_of(Resume)
        assert [m.words for m in sent] == [["train.learning_rate=0.5@600"]]


def no_worker() -> client.Connection:
    raise OSError("no more processes")


async def test_run_shows_the_stored_copy_of_its_corpus(harness: AppHarness, tmp_path: Path) -> None:
    original, copy = tmp_path / "mine.txt", tmp_path / "0123.txt"
    original.write_text("edited meanwhile\n" * 50)
    copy.write_text("".join(f"{a}{b}\n" for a in "abcdefg" for b in "hijklmn"))
    config = recipe.parse_recipe(f"names-mlp data.corpus={original}")
    corpus = CorpusRecord(name="mine.txt", n_bytes=0, sha256="", stored_at=str(copy))
    run = write_run(tmp_path / "runs" / "mine-1", config, recorded("steered"), corpus)
    app = Workbench(StartupOptions(config, run=run), clock=lambda: 0.0, spawn=no_worker)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until(pilot, lambda: getattr(app.state.preview, "name", "") == "mine.txt")
        shown = app.state.preview
        assert shown is not None
        assert shown.n_train_items == 39


async def test_late_corpus_is_discarded(
    harness: AppHarness, preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another preset is selected and undone while its corpus is still loading."""
    may_end, requested = threading.Event(), []

    def make_preview_slowly(data: DataConfig, progress: Progress) -> Preview:
        requested.append(data.corpus)
        if data.corpus == "python":
            may_end.wait(30)
        return replace(preview, data=data)

    monkeypatch.setattr(texts, "make_preview", make_preview_slowly)
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        app.main.controls.post_message(ControlsPane.PresetRequested("python-lstm"))
        await pilot.pause()
        await pilot.pause()
        assert app.state.loading_message
        app.main.controls.post_message(ControlsPane.UndoRequested())
        await wait_until_settled(pilot)
        may_end.set()
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert requested == ["python", "names"]
        assert app.state.preview is not None
        assert app.state.preview.data.corpus == "names"


async def test_samples_request_for_the_previous_corpus_is_ignored(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        before = app.main.generate.view.samples
        app.main.generate.post_message(GeneratePane.SamplesRequested("generate-0", ("the",), 10))
        await wait_until_settled(pilot)
        assert app.main.generate.view.samples == before


async def test_space_starts_training_while_the_corpus_loads(
    harness: AppHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "runs" / "names-mlp-1", CONFIG, until("steered", 400))
    monkeypatch.setattr(texts.CorpusLoader, "load", lambda *_: None)  # loading never ends
    app = Workbench(StartupOptions(CONFIG), clock=lambda: 0.0, spawn=harness.spawn)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.state.loading_message == "Reading names."
        await pilot.press("space")
        await wait_until(pilot, lambda: app.state.run.status == "training")
        assert "Start" in harness.worker.kinds()


async def test_live_setting_changed_during_startup_is_sent_to_the_run(
    harness: AppHarness,
) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        app.action_train_or_pause()
        starting = replace(app.state.run, status="starting")
        app.controller.set_value(replace(app.state, run=starting), "train.learning_rate", 0.05)
        await wait_until_settled(pilot)
        sent = [kind for kind in harness.worker.kinds() if kind in ("Start", "SetValue")]
        assert sent == ["Start", "SetValue"]


async def test_temperature_stays_within_its_bounds(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        for requested, expected in ((-1.0, 0.0), (1e9, 100.0), (0.5, 0.5)):
            app.main.generate.post_message(GeneratePane.TemperatureChangeRequested(requested))
            await wait_until_settled(pilot)
            assert app.state.pending_config.sample.temperature == expected
            recipe.parse_recipe(recipe.format_recipe(app.state.pending_config))


async def test_paused_run_trains_one_step_then_resumes(harness: AppHarness) -> None:
    app = harness.app(until_kind("steered", Paused))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("s", "space")
        await wait_until_settled(pilot)
        sent = [m for m in harness.worker.received if type(m).__name__ == "Continue"]
        assert [message.n_steps for message in sent] == [1, None]


async def test_rejected_start_shows_one_line_and_keeps_the_old_run(harness: AppHarness) -> None:
    app = harness.app(recorded("steered"), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        harness.worker.rejection = "data.corpus=nowhere is not a corpus"
        await pilot.press("r")
        await wait_until_settled(pilot)
        assert app.state.error_message == harness.worker.rejection
        assert app.state.run.status == "finished"
        assert app.state.run_config == CONFIG


async def test_live_setting_is_sent_and_another_setting_is_pending(
    harness: AppHarness,
) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        app.main.controls.post_message(ControlsPane.ValueRequested("train.learning_rate", 0.01))
        app.main.controls.post_message(ControlsPane.ValueRequested("model.hidden", 300))
        await wait_until_settled(pilot)
        sent = harness.worker.messages_of(SetValue)
        assert [(m.key, m.value) for m in sent] == [("train.learning_rate", 0.01)]
        assert app.state.pending_keys == ("model.hidden",)
        app.main.controls.post_message(ControlsPane.UndoRequested())
        app.main.controls.post_message(ControlsPane.UndoRequested())
        await wait_until_settled(pilot)
        assert app.state.pending_keys == ()
        assert [m.value for m in harness.worker.received if isinstance(m, SetValue)] == [0.01, 0.05]


async def test_rejected_start_keeps_the_pending_settings(
    harness: AppHarness,
) -> None:
    app = harness.app(recorded("steered"), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        harness.worker.rejection = "no"
        app.main.controls.post_message(ControlsPane.ValueRequested("model.hidden", 300))
        await wait_until_settled(pilot)
        await pilot.press("r")
        await wait_until_settled(pilot)
        assert app.state.run_config == CONFIG
        assert app.state.pending_keys == ("model.hidden",)


async def test_space_resumes_with_a_new_worker_after_a_crash(
    harness: AppHarness,
) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        harness.has_live_worker = False
        harness.worker.die()
        await wait_until_settled(pilot)
        assert app.state.run.status == "died"
        await pilot.press("space")
        await wait_until_settled(pilot)
        assert harness.worker.kinds()[0] == "Resume"


async def test_quit_asks_while_a_run_trains(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("q", "escape", "q")
        assert app.is_running
        await pilot.press("s")
        await pilot.pause()
        assert harness.worker.kinds()[-1] == "Stop"
    assert app.return_code == 0


async def test_quit_asks_while_a_run_is_paused(harness: AppHarness) -> None:
    app = harness.app(until_kind("steered", Paused))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("q")
        assert isinstance(app.screen, LeaveScreen)
        await pilot.press("escape")
        assert app.is_running


async def test_run_resumed_by_another_process_is_attached(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        assert app.state.run.status == "died"
        harness.has_live_worker = True
        await wait_until(pilot, lambda: app.state.run.status == "training")
        assert app.state.can_query


async def test_idle_screen_draws_nothing(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = harness.app(until_kind("steered", Paused))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        drawn: list[object] = []
        monkeypatch.setattr(app, "_display", lambda *args: drawn.append(args))
        for _ in range(5):
            app.session.read_log()
            app.session.poll_for_worker()
            app.store.set(app.state)
            await pilot.pause()
        assert drawn == []


async def test_while_the_model_of_a_finished_run_loads_the_pane_says_so(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[Read] = []
    reply = FakeWorker._reply

    def hold(worker: FakeWorker, message: object) -> object:
        if isinstance(message, Read):
            held.append(message)
            return None
        return reply(worker, message)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeWorker, "_reply", hold)
    app = harness.app(recorded("steered"), is_alive=False)

    def title() -> str:
        return app.main.generate.subtitle(70)

    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until(pilot, lambda: held and app.state.run.status == "finished")
        await wait_until_settled(pilot)
        assert "letter-pair counts, loading the model" in title()
        answer = reply(harness.worker, held[0])
        harness.worker._socket.sendall(codec.encode(answer))
        await wait_until(pilot, lambda: app.main.generate.view.source.step is not None)
        await pilot.pause()
        assert "loading the model" not in title()
        assert "weights of step 3,600" in title()


def test_pair_counts_say_why_they_answer() -> None:
    run = RunState(run="names-mlp-1", status="finished")
    state = AppState(CONFIG, run_config=CONFIG, run=run)
    assert state.counts_label == "letter-pair counts, loading the model"
    died = replace(state, run=replace(run, status="died"))
    refused = replace(state, error_message="step 7 is damaged")
    assert {died.counts_label, refused.counts_label} == {"letter-pair counts"}
    assert AppState(CONFIG).counts_label == "letter-pair counts, no training yet"
