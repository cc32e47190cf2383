"""Random keys, sizes and pastes: nothing breaks, no key sticks, terminal and worker are as they were.

A failure names its seed and its last deeds. ``MONKEY_SEED`` chooses a seed, ``MONKEY_DEEDS`` how many.
"""

import json
import os
import random
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from escapes import Told
from pty_program import SEQLM, Program, Unseen
from samples import SAMPLES
from workbench_program import ESC, Workbench

from seqlm.presets import preset_config
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory
from seqlm.runs.event_log import read_events

RECORDINGS = sorted((Path(__file__).parents[1] / "workbench" / "recordings").glob("*.jsonl"))
SEED = int(os.environ.get("MONKEY_SEED", "0"))
FEW = int(os.environ.get("MONKEY_DEEDS", "300"))
MANY = int(os.environ.get("MONKEY_DEEDS", "20000"))
FORGET_EVERY = 100
REMEMBERED = 40
HEARD_WITHIN_S = 900.0  # hundreds of keys may wait, on a machine with other work
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
# ctrl+c, ctrl+q leave and ctrl+z suspends: each has a test of its own.
CONTROL = [chr(code) for code in range(1, 27) if chr(code) not in "\x03\x11\x1a"]
LETTERS = [*map(chr, range(33, 127)), "é", "ß", "漢", "🙂", "e\u0301", "\u202e"]
STOPPING = "X"


class Monkey:
    """Does something at random, and remembers what it did last.

    Args:
        seed: What it will do.
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.deeds: deque[str] = deque(maxlen=REMEMBERED)

    def act(self, program: Workbench) -> None:
        """One deed."""
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
        self.deeds.append(f"press {keys!r}")
        program.press(keys * (draw.randint(2, 9) if draw.random() < 0.05 else 1))

    def _rare(self) -> str:
        draw = self._draw
        return draw.choice([draw.choice(LETTERS), draw.choice(CONTROL)])

    def _click(self, program: Workbench) -> None:
        x, y = self._draw.randint(1, program.columns), self._draw.randint(1, program.rows)
        button = self._draw.choice([0, 0, 0, 2, 35, 64, 65])
        self.deeds.append(f"mouse {button} at {x}, {y}")
        program.press(f"\x1b[<{button};{x};{y}M")
        if button < 3:
            program.press(f"\x1b[<{button};{x};{y}m")

    def _resize(self, program: Workbench) -> None:
        draw = self._draw
        size = draw.choice([(120, 40), (80, 24), (40, 12), (200, 50), (1, 1), (250, 70), (30, 8)])
        if draw.random() < 0.5:
            size = (draw.randint(1, 250), draw.randint(1, 70))
        self.deeds.append(f"resize {size}")
        program.resize(*size)

    def _paste(self, program: Workbench) -> None:
        draw = self._draw
        texts = [*SAMPLES.values(), "0.05", "names-lstm seed=3", "mar", "a\nb\n", "x" * 9000]
        text = draw.choice(texts) * draw.choice([1, 1, 3])
        self.deeds.append(f"paste {text[:60]!r}")
        program.paste(text)


def play(begin: Callable[[], Workbench], seed: int, n_deeds: int, home: Path) -> None:
    """Let a monkey play, then see that everything is as it should be."""
    monkey, programs = Monkey(seed), []
    try:
        _play(lambda: programs.append(begin()) or programs[-1], monkey, n_deeds)
    except (Unseen, AssertionError) as error:
        deeds = "\n  ".join(monkey.deeds)
        deeds += f"\nwhere it is: {programs[-1].where_it_is()}" if programs else ""
        crashes = "\n".join(path.read_text() for path in home.glob("seqlm-tui-*.log"))
        raise AssertionError(f"seed {seed}: {error}\nlast deeds:\n  {deeds}\n{crashes}") from error


def _play(begin: Callable[[], Workbench], monkey: Monkey, n_deeds: int) -> None:
    program, told = begin(), Told(clipboard=True)
    for number in range(n_deeds):
        monkey.act(program)
        if number % FORGET_EVERY == 0:
            told.feed(program.forget())
        if not program.is_open:  # it pressed q, and d where that was asked
            _see_the_end(program, told)
            program, told = begin(), Told(clipboard=True)
            monkey.deeds.append("began again")
    program.bring_back()  # one of the commands suspends it
    program.resize(120, 40)
    program.press(ESC * 3)
    program.settled()
    told.feed(program.forget())
    assert program.leave(has_worker_to_keep=True) == 0
    _see_the_end(program, told)


def _see_the_end(program: Workbench, told: Told) -> None:
    assert program.wait_for_end() == 0, program.screen()
    told.feed(bytes(program.output))
    assert told.unexpected == []
    assert told.is_restored, told.modes
    assert program.has_line_as_before


def environment_in(home: Path) -> dict[str, str]:
    """Tracebacks where they can be read, at a crash and at an abort."""
    return {"TMPDIR": str(home), "PYTHONFAULTHANDLER": "1"}


def ready(program: Workbench) -> Workbench:
    """Before it has hidden the cursor, what is typed is not yet its own."""
    program.wait_for_bytes(b"\x1b[?25l", since=0)
    program.patience_s = HEARD_WITHIN_S
    return program


@pytest.fixture
def replay(start: START, home: Path) -> Callable[[Path], Workbench]:
    """Opens a run that holds a recorded log, and nothing else."""

    def open_it(log: Path) -> Workbench:
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
        return ready(start(run.name, environment=environment_in(home)))

    return open_it


@pytest.fixture
def train(start: START, home: Path) -> Callable[[], Workbench]:
    """Opens the run that trains, or begins one."""

    def open_it() -> Workbench:
        program = ready(start(environment=environment_in(home)))
        if not (home / "runs").exists():
            program.wait_for("names-mlp", "uniform")
            program.press(" ")
            program.wait_for("● training", "steps/s")
        return program

    return open_it


def see_worker(home: Path) -> None:
    """The runs can be read to the end, and what trains is what the command line says."""
    for path in (home / "runs").iterdir():
        assert list(read_events(path / "events.jsonl"))
    asked = Program(
        [*SEQLM, "show", "latest", "--json"],
        {"SEQLM_HOME": str(home), "SEQLM_SOCKETS": str(home)},
    )
    assert asked.wait_for_end() == 0, asked.screen()
    shown = json.loads(asked.output)
    asked.close()
    holder = RunDirectory(home / "runs" / shown["run"]).holder()
    assert (shown["status"] in ("starting", "training", "paused")) <= (holder is not None), shown


@pytest.mark.parametrize("log", RECORDINGS, ids=lambda path: path.stem)
def test_a_monkey_before_a_log(log: Path, replay: Callable[[Path], Workbench], home: Path) -> None:
    play(lambda: replay(log), SEED, FEW, home)


def test_a_monkey_before_a_worker(train: Callable[[], Workbench], home: Path) -> None:
    play(train, SEED, FEW, home)
    see_worker(home)


@pytest.mark.slow
@pytest.mark.parametrize("log", RECORDINGS, ids=lambda path: path.stem)
def test_many_deeds_before_a_log(
    log: Path, replay: Callable[[Path], Workbench], home: Path
) -> None:
    play(lambda: replay(log), SEED + 1, MANY, home)


@pytest.mark.slow
def test_many_deeds_before_a_worker(train: Callable[[], Workbench], home: Path) -> None:
    play(train, SEED + 1, MANY, home)
    see_worker(home)
