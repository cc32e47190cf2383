"""Random keys, sizes and pastes: no crash, no hang, and the terminal is restored.

A failure names its seed and its last actions. ``MONKEY_SEED`` sets the seed, ``MONKEY_ACTIONS`` the
number of actions.
"""

import json
import os
import random
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from escapes import OutputRecord
from pty_program import SEQLM, NotShown, Program
from samples import SAMPLES
from workbench_program import ESC, Workbench

from seqlm.presets import preset_config
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory
from seqlm.runs.event_log import read_events

RECORDINGS = sorted((Path(__file__).parents[1] / "workbench" / "recordings").glob("*.jsonl"))
SEED = int(os.environ.get("MONKEY_SEED", "0"))
N_ACTIONS = int(os.environ.get("MONKEY_ACTIONS", "300"))
N_ACTIONS_SLOW = int(os.environ.get("MONKEY_ACTIONS", "20000"))
FORGET_EVERY = 100
N_RECORDED = 40
KEY_TIMEOUT_S = 900.0  # hundreds of keys may be pending on a busy machine
START = Callable[..., Workbench]

BOUND = "1234zvVxy+-0[]()hjklgabniuUrsScCw,.o/f?:L "
NAMED = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
    "delete": "\x1b[3~",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "enter": "\r",
    "escape": ESC,
    "escape alone": "\x1b",
    "backspace": "\x7f",
    "alt+x": "\x1bx",
    "F1": "\x1bOP",
    "ctrl+right": "\x1b[1;5C",
}
# ctrl+c, ctrl+q (quit) and ctrl+z (suspend) have their own tests.
CONTROL = [chr(code) for code in range(1, 27) if chr(code) not in "\x03\x11\x1a"]
LETTERS = [*map(chr, range(33, 127)), "é", "ß", "漢", "🙂", "e\u0301", "\u202e"]
STOPPING = "X"


class Monkey:
    """Performs random actions and records the last ones.

    Args:
        seed: Seed of the random actions.
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.actions: deque[str] = deque(maxlen=N_RECORDED)

    def act(self, program: Workbench) -> None:
        """Perform one random action."""
        kinds = (self._press, self._click, self._resize, self._paste)
        (kind,) = self._draw.choices(kinds, (88, 5, 4, 3))
        kind(program)

    def _press(self, program: Workbench) -> None:
        draw = self._draw
        keys = draw.choice(
            [draw.choice(BOUND), draw.choice([*NAMED.values()]), self._rare()]
            if draw.random() < 0.9
            else [*NAMED.values()]
        )
        if keys in "qd" and draw.random() < 0.99:
            keys = " "
        self.actions.append(f"press {keys!r}")
        program.press(keys * (draw.randint(2, 9) if draw.random() < 0.05 else 1))

    def _rare(self) -> str:
        draw = self._draw
        return draw.choice([draw.choice(LETTERS), draw.choice(CONTROL)])

    def _click(self, program: Workbench) -> None:
        x, y = self._draw.randint(1, program.columns), self._draw.randint(1, program.rows)
        button = self._draw.choice([0, 0, 0, 2, 35, 64, 65])
        self.actions.append(f"mouse {button} at {x}, {y}")
        program.press(f"\x1b[<{button};{x};{y}M")
        if button < 3:
            program.press(f"\x1b[<{button};{x};{y}m")

    def _resize(self, program: Workbench) -> None:
        draw = self._draw
        size = draw.choice([(120, 40), (80, 24), (40, 12), (200, 50), (1, 1), (250, 70), (30, 8)])
        if draw.random() < 0.5:
            size = (draw.randint(1, 250), draw.randint(1, 70))
        self.actions.append(f"resize {size}")
        program.resize(*size)

    def _paste(self, program: Workbench) -> None:
        draw = self._draw
        texts = [*SAMPLES.values(), "0.05", "names-lstm seed=3", "mar", "a\nb\n", "x" * 9000]
        text = draw.choice(texts) * draw.choice([1, 1, 3])
        self.actions.append(f"paste {text[:60]!r}")
        program.paste(text)


def play(start_program: Callable[[], Workbench], seed: int, n_actions: int, home: Path) -> None:
    """Perform random actions, then check the output and the exit."""
    monkey, programs = Monkey(seed), []
    try:
        _run_actions(lambda: programs.append(start_program()) or programs[-1], monkey, n_actions)
    except (NotShown, AssertionError) as error:
        actions = "\n  ".join(monkey.actions)
        actions += f"\nthread stacks: {programs[-1].thread_stacks()}" if programs else ""
        crashes = "\n".join(path.read_text() for path in home.glob("seqlm-tui-*.log"))
        raise AssertionError(
            f"seed {seed}: {error}\nlast actions:\n  {actions}\n{crashes}"
        ) from error


def _run_actions(start_program: Callable[[], Workbench], monkey: Monkey, n_actions: int) -> None:
    program, record = start_program(), OutputRecord(clipboard=True)
    for number in range(n_actions):
        monkey.act(program)
        if number % FORGET_EVERY == 0:
            record.feed(program.take_output())
        if not program.is_open:  # an action quit the app
            _check_end(program, record)
            program, record = start_program(), OutputRecord(clipboard=True)
            monkey.actions.append("restart")
    program.continue_if_stopped()  # one of the commands suspends the app
    program.resize(120, 40)
    program.press(ESC * 3)
    program.wait_until_settled()
    record.feed(program.take_output())
    assert program.leave(has_worker_to_keep=True) == 0
    _check_end(program, record)


def _check_end(program: Workbench, record: OutputRecord) -> None:
    assert program.wait_for_end() == 0, program.screen()
    record.feed(bytes(program.output))
    assert record.unexpected == []
    assert record.is_restored, record.modes
    assert program.has_original_settings


def environment_in(home: Path) -> dict[str, str]:
    """Return variables that write the tracebacks of crashes and aborts to readable places."""
    return {"TMPDIR": str(home), "PYTHONFAULTHANDLER": "1"}


def wait_until_ready(program: Workbench) -> Workbench:
    """Wait until the app has hidden the cursor: from then on it reads the keys."""
    program.wait_for_bytes(b"\x1b[?25l", since=0)
    program.timeout_s = KEY_TIMEOUT_S
    return program


@pytest.fixture
def replay(start: START, home: Path) -> Callable[[Path], Workbench]:
    """Return a function that opens a run with a recorded log."""

    def open_program(log: Path) -> Workbench:
        run = RunDirectory(home / "runs" / log.stem)
        if not run.path.exists():
            run.path.mkdir(parents=True)
            run.write_manifest(
                Manifest(
                    run=run.name,
                    recipe="names-mlp",
                    config=preset_config("names-mlp"),
                    corpus=CorpusRecord(name="names", n_bytes=0, sha256=""),
                    created_t=0.0,
                    versions={},
                )
            )
            shutil.copy(log, run.events_path)
        return wait_until_ready(start(run.name, environment=environment_in(home)))

    return open_program


@pytest.fixture
def train(start: START, home: Path) -> Callable[[], Workbench]:
    """Return a function that opens the training run, or starts one."""

    def open_program() -> Workbench:
        program = wait_until_ready(start(environment=environment_in(home)))
        if not (home / "runs").exists():
            program.wait_for("names-mlp", "uniform")
            program.press(" ")
            program.wait_for("● training", "steps/s")
        return program

    return open_program


def check_worker(home: Path) -> None:
    """Check that all logs are readable and that ``seqlm show`` reports the status correctly."""
    for path in (home / "runs").iterdir():
        assert list(read_events(path / "events.jsonl"))
    show = Program(
        [*SEQLM, "show", "latest", "--json"],
        {"SEQLM_HOME": str(home), "SEQLM_SOCKETS": str(home)},
    )
    assert show.wait_for_end() == 0, show.screen()
    shown = json.loads(show.output)
    show.close()
    holder = RunDirectory(home / "runs" / shown["run"]).holder()
    assert (shown["status"] in ("starting", "training", "paused")) <= (holder is not None), shown


@pytest.mark.parametrize("log", RECORDINGS, ids=lambda path: path.stem)
def test_random_actions_on_a_recorded_log(
    log: Path, replay: Callable[[Path], Workbench], home: Path
) -> None:
    play(lambda: replay(log), SEED, N_ACTIONS, home)


def test_random_actions_on_a_worker(train: Callable[[], Workbench], home: Path) -> None:
    play(train, SEED, N_ACTIONS, home)
    check_worker(home)


@pytest.mark.slow
@pytest.mark.parametrize("log", RECORDINGS, ids=lambda path: path.stem)
def test_many_random_actions_on_a_recorded_log(
    log: Path, replay: Callable[[Path], Workbench], home: Path
) -> None:
    play(lambda: replay(log), SEED + 1, N_ACTIONS_SLOW, home)


@pytest.mark.slow
def test_many_random_actions_on_a_worker(train: Callable[[], Workbench], home: Path) -> None:
    play(train, SEED + 1, N_ACTIONS_SLOW, home)
    check_worker(home)
