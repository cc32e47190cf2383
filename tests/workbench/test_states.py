"""Every state that the screen can reach: its sign, what is so, and what to press."""

import pytest
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind

from seqlm.presets import preset_config
from seqlm.protocol.events import Ended, Event, Paused, RunCreated, WorkerStarted
from workbench.corpus.preview import Preview
from workbench.hints.hint_rules import hint_for
from workbench.run.reducer import mark_died, reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import ROLES, SIGNS, AppState

CONFIG = preset_config("names-mlp")
TRAINING = until("steered", 3000)


def ended(status: str, message: str = "") -> tuple[Event, ...]:
    """The recorded log, cut and ended otherwise."""
    return (*TRAINING, Ended(step=3000, status=status, message=message))  # type: ignore[arg-type]


def folded(events: tuple[Event, ...]) -> RunState:
    return reduce_events(RunState(), events)


STARTED = until_kind("steered", WorkerStarted)
DIED = mark_died(folded(TRAINING), "was killed (signal 9: often memory)")
OUT_OF_MEMORY = "not enough memory for batch size 65,536"
STATES = {
    "untrained": (RunState(), {}, "▸", "Press space to train names-mlp"),
    "loading": (
        RunState(),
        {"loading_message": "Reading notes.txt: 412 of 1,089 kB."},
        "○",
        "412 of 1,089",
    ),
    "refused": (RunState(), {"error_message": "notes.txt is empty"}, "✗", "notes.txt is empty"),
    "starting": (folded(STARTED), {}, "○", "Starting the trainer (1-2 s): loading PyTorch."),
    "starting slowly": (folded(STARTED), {"silent_for_s": 6}, "○", "6 s so far. : log shows why."),
    "training": (folded(TRAINING), {}, "▸", ": val was "),
    "paused": (folded(until_kind("steered", Paused)), {}, "‖", "space resumes, s runs one step."),
    "disk full": (
        folded(until_kind("steered", Paused)),
        {"error_message": "Disk full: paused at 1,200, nothing lost. Free 3 MB, then space."},
        "✗",
        "nothing lost",
    ),
    "silent": (
        folded(TRAINING),
        {"silent_for_s": 12},
        "!",
        "for 12 s; it is still running. X stops it.",
    ),
    "back": (
        folded(TRAINING),
        {"status_message": "Back on names-mlp-7."},
        "▸",
        "Back on names-mlp-7.",
    ),
    "finished": (folded(recorded("steered")), {}, "✓", "above the best counts (2.143)."),
    "stopped": (folded(ended("stopped")), {}, "■", "with a checkpoint. space resumes from it."),
    "failed": (
        folded(ended("failed", OUT_OF_MEMORY)),
        {},
        "✗",
        "2 changes a setting, r starts a new run.",
    ),
    "diverged": (
        folded(recorded("diverging")),
        {},
        "✗",
        "space resumes from the start with learning rate",
    ),
    "died": (DIED, {}, "✗", "The trainer was killed (signal 9: often memory)"),
}


@pytest.mark.parametrize("name", STATES)
def test_each_state_says_what_is_so_and_what_to_press(preview: Preview, name: str) -> None:
    run, more, sign, words = STATES[name]
    running = CONFIG if run.run else None
    state = replace(AppState(CONFIG, run_config=running, run=run, preview=preview), **more)
    line = hint_for(state)
    assert (line.sign, words in line.words) == (sign, True), line


def test_every_status_has_a_sign_of_its_own_or_a_word() -> None:
    assert SIGNS.keys() == ROLES.keys()
    assert len({(sign, word) for sign, word in SIGNS.values()}) == len(SIGNS)


def test_a_slow_pace_is_no_silence(preview: Preview) -> None:
    """Someone who asked for one step in ten seconds is not told that something is wrong."""
    run = folded(TRAINING)
    paced = replace(run, values={**run.values, "train.pace": 0.1})
    state = AppState(CONFIG, run_config=CONFIG, run=paced, preview=preview, silent_for_s=12)
    assert "No message from the trainer" not in hint_for(state).words


def test_a_run_that_was_just_made_is_starting() -> None:
    assert folded(until_kind("steered", RunCreated)).status == "starting"
