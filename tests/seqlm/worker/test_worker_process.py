"""Worker processes: commands, queries, signals, lost clients and full disks."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from worker_process import DEADLINE_S, PACKAGE_ROOT, Worker

from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError, SeqlmError
from seqlm.paths import runs_dir
from seqlm.protocol.commands import Continue, Pause, Read, Resume, SetValue, Start, Stop
from seqlm.protocol.events import (
    Continued,
    Ended,
    Event,
    Paused,
    Resumed,
    StepsDone,
    ValueChanged,
)
from seqlm.protocol.queries import (
    Describe,
    DescribeAnswer,
    Inspect,
    InspectAnswer,
    LearningRateSweep,
    NextToken,
    NextTokenAnswer,
    Rejected,
    Sample,
    SampleAnswer,
    Score,
    ScoreAnswer,
    SplitLoss,
    SplitLossAnswer,
)
from seqlm.runs.checkpoint import CheckpointStore
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runspec import recipe
from seqlm.training.trainer import Trainer
from seqlm.worker import client
from seqlm.worker.client import WorkerExited
from seqlm.worker.rescued_copies import later_copy_note

Recipe = Callable[..., str]
Spawn = Callable[[], Any]
LONG = 10**6


def events_of(run: RunDirectory) -> list[Event]:
    return without_superseded(read_events(run.events_path))


def losses_of(run: RunDirectory) -> list[float]:
    steps = [event for event in events_of(run) if isinstance(event, StepsDone)]
    numbers = [step for event in steps for step in range(event.first_step, event.last_step + 1)]
    assert numbers == list(range(1, len(numbers) + 1)), "each step once, in order"
    return [loss for event in steps for loss in event.losses]


def has_ended(run: RunDirectory) -> bool:
    return b'"kind":"Ended"' in run.events_path.read_bytes().splitlines()[-1]


def start_run(worker: Any, line: str, name: str = "") -> RunDirectory:
    name = name or f"mine-{uuid.uuid4().hex}"
    reply = worker.request(Start(id="start", recipe=line, name=name))
    assert isinstance(reply, Continued)
    assert reply.command_id == "start"
    return find_run(name)


def uninterrupted(line: str) -> list[float]:
    """Return the losses of a training in this process, without a worker or a directory."""
    config = recipe.parse_recipe(line)
    events = [event for event in Trainer(config, prepare(config.data)).run() if event is not None]
    return [loss for event in events if isinstance(event, StepsDone) for loss in event.losses]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a worker that serves several tests, because importing torch is slow."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "rt").mkdir(mode=0o700)
    return {
        "SEQLM_HOME": str(folder / "home"),
        "SEQLM_SOCKETS": str(folder / "rt"),
        "PYTHONPATH": str(PACKAGE_ROOT),
    }


@contextlib.contextmanager
def worker_in(folders: dict[str, str]) -> Iterator[Worker]:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in folders.items():
            patched.setenv(name, value)
        worker = Worker()
    yield worker
    worker.close()


@pytest.fixture(scope="module")
def _reused(folders: dict[str, str]) -> Iterator[Worker]:
    with worker_in(folders) as worker:
        yield worker


@pytest.fixture
def reused(
    _reused: Worker, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Worker]:
    """Return a running worker that does not train."""
    for name, value in folders.items():
        monkeypatch.setenv(name, value)
    yield _reused
    if _reused.request(Describe(id="d")).status in ("training", "paused"):
        _reused.request(Stop(id="stop"))


def test_commands_are_answered_by_events_with_their_ids(reused: Worker, small: Recipe) -> None:
    worker = reused
    run = start_run(worker, small(steps=LONG))
    paused = worker.request(Pause(id="p"))
    assert isinstance(paused, Paused)
    described = worker.request(Describe(id="d"))
    assert (described.status, described.run) == ("paused", run.name)
    assert described.step == paused.step

    changed = worker.request(SetValue(id="s", key="train.learning_rate", value=0.5))
    assert isinstance(changed, ValueChanged)
    assert (changed.command_id, changed.step) == ("s", paused.step)
    assert (changed.old, changed.new) == (0.003, 0.5)

    continued = worker.request(Continue(id="c", n_steps=7))
    assert (continued.step, continued.n_steps) == (paused.step, 7)
    worker.wait_until(lambda: isinstance(events_of(run)[-1], Paused))
    assert len(losses_of(run)) == paused.step + 7
    assert worker.request(Describe(id="d")).status == "paused"

    ended = worker.request(Stop(id="x"))
    assert isinstance(ended, Ended)
    assert (ended.status, ended.step, ended.command_id) == ("stopped", paused.step + 7, "x")
    assert len(losses_of(run)) == paused.step + 7
    assert run.holder() is None
    assert worker.request(Describe(id="d")).status == "reading"


def test_a_start_and_a_resume_can_be_limited_to_some_steps(reused: Worker, small: Recipe) -> None:
    worker, line, name = reused, small(steps=LONG), f"mine-{uuid.uuid4().hex}"
    started = worker.request(Start(id="start", recipe=line, name=name, n_steps=1))
    assert (started.step, started.n_steps) == (0, 1)
    run = find_run(name)
    worker.wait_until(lambda: isinstance(events_of(run)[-1], Paused))
    assert len(losses_of(run)) == 1
    assert worker.request(Describe(id="d")).status == "paused"
    worker.request(Stop(id="x"))

    resumed = worker.request(Resume(id="r", run=name, n_steps=2))
    assert (resumed.step, resumed.n_steps) == (1, 2)
    worker.wait_until(lambda: isinstance(events_of(run)[-1], Paused))
    assert len(losses_of(run)) == 3


class TestRejections:
    """Rejections during one training, which must not change it."""

    @pytest.fixture(scope="class")
    def one_training(
        self, _reused: Worker, folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory
    ) -> Any:
        corpus = tmp_path_factory.mktemp("one") / "made-up.txt"
        corpus.write_text(
            "".join(f"{'abcde'[i % 5]}{'fghij'[i // 5 % 5] * (i % 7)}k\n" for i in range(90))
        )
        line = f"names-mlp data.corpus={corpus} data.split=80/20/0 train.steps={LONG}"
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("SEQLM_HOME", folders["SEQLM_HOME"])
            run = start_run(_reused, f"{line} train.evaluate_every={LONG}", "for-rejections")
            held = run.holder()
            assert held is not None
            _reused.socket_path = held.socket
            yield _reused
            _reused.request(Stop(id="stop"))

    @pytest.mark.parametrize(
        ("message", "words"),
        [
            (SetValue(id="1", key="train.learning_rate", value=-1), "0.000001 to 100"),
            (SetValue(id="1", key="model.hidden", value=5), "cannot change during training"),
            (Continue(id="1", n_steps=0), "allowed: 1 or more"),
            (Start(id="1", recipe="names-mlp"), "stop that run first"),
            (Resume(id="1", run="for-rejections"), "stop that run first"),
            (Read(id="1", run="for-rejections"), "stop that run first"),
            (Sample(id="1", temperature=-1.0), "temperature=-1.0 is not valid"),
            (Sample(id="1", count=0), "count=0 is not valid"),
            (Sample(id="1", top_k=-1), "top_k=-1 is not valid"),
            (Sample(id="1", top_p=1.5), "top_p=1.5 is not valid; allowed: above 0 to 1"),
            (Sample(id="1", top_p=0.0), "top_p=0.0 is not valid"),
            (Sample(id="1", order="top-k"), "order=top-k is not valid; allowed: each stage"),
            (Sample(id="1", min_p=1.0), "min_p=1.0 is not valid; allowed: 0 to below 1"),
            (Sample(id="1", min_p=float("nan")), "min_p=nan is not valid"),
            (Sample(id="1", prompt=["aa"]), "one token at a time"),
            (NextToken(id="1", tokens=["ß"]), "not in this vocabulary"),
            (NextToken(id="1", tokens=[], top=0), "top=0 is not valid"),
            (NextToken(id="1", tokens=[], weights="step-999"), "step-999"),
            (NextToken(id="1", tokens=[], weights="../x"), "no saved weights '../x'; one of: 0"),
            (NextToken(id="1", tokens=[], weights="best"), "no best checkpoint is saved"),
            (SplitLoss(id="1", split="test"), "the split test is empty; one of: train, val"),
        ],
        ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
    )
    def test_an_invalid_message_is_rejected_and_training_continues(
        self, one_training: Any, message: Any, words: str
    ) -> None:
        with pytest.raises(SeqlmError) as rejected:
            one_training.request(message)
        assert words in str(rejected.value)
        assert one_training.request(Describe(id="2")).status == "training"

    def test_garbage_on_the_socket_is_rejected_and_training_continues(
        self, one_training: Any
    ) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(one_training.socket_path)
            connection.settimeout(30)
            connection.sendall(b'\xff\x00\n{"kind":"Pause"}\n[[[[\n\n')
            answers = b""
            while answers.count(b"\n") < 4:
                answers += connection.recv(1 << 16)
        assert answers.count(b'"kind":"Rejected"') == 4
        assert one_training.request(Describe(id="2")).status == "training"


def test_queries_during_training_change_no_loss(reused: Worker, small: Recipe) -> None:
    line = small("model.dropout=0.2", steps=200)
    quiet = uninterrupted(line)
    worker = reused
    run = start_run(worker, line)
    answers: list[Any] = []
    worker.connection.send(LearningRateSweep(id="f"))
    while not has_ended(run):
        answers += [
            worker.request(NextToken(id="n", tokens=["a"], top=3)),
            worker.request(Sample(id="s", count=5, length=12, seed=len(answers))),
            worker.request(Score(id="t", text="anna".replace("nn", "n"))),
            worker.request(SplitLoss(id="l", split="val")),
            worker.request(NextToken(id="k", tokens=[], weights="1")),
            *(
                worker.request(Inspect(id="i", view=view, without=["layer.0.cell.1"]))
                for view in ("network", "surprisal", "state", "embedding", "weights", "reach")
            ),
        ]
    assert losses_of(run) == quiet
    kinds = [NextTokenAnswer, SampleAnswer, ScoreAnswer, SplitLossAnswer, NextTokenAnswer]
    assert [type(answer) for answer in answers[:11]] == kinds + [InspectAnswer] * 6
    assert [answer.step for answer in answers[4::11]] == [1] * (len(answers) // 11)
    assert len({answer.step for answer in answers[::11]}) > 1
    assert all(sum(answer.probabilities) <= 1 for answer in answers[::11])


def test_an_answer_uses_the_weights_of_one_step(reused: Worker, small: Recipe) -> None:
    worker = reused
    start_run(worker, small("train.learning_rate=0.01", steps=LONG))
    worker.request(Sample(id="s", count=400, length=30))  # many slices, with training in between
    worker.request(Pause(id="p"))
    one = worker.request(SplitLoss(id="a", split="val"))
    two = worker.request(SplitLoss(id="b", split="val"))
    assert (one.step, one.loss) == (two.step, two.loss)


def test_a_run_has_one_worker_and_resumes_bit_for_bit_after_a_kill(
    spawn: Spawn, reused: Worker, small: Recipe
) -> None:
    line = small("model.dropout=0.2", "train.learning_rate=0.001@60")
    whole = uninterrupted(line)
    first, second = spawn(), reused
    run = start_run(first, line + " train.pace=200")
    first.wait_until(lambda: b'"first_step":4' in run.events_path.read_bytes())
    with pytest.raises(RequestError, match="open in another worker"):
        second.request(Resume(id="r", run=run.name))
    assert second.request(Describe(id="d")).run != run.name
    first.process.send_signal(signal.SIGKILL)
    with pytest.raises(WorkerExited, match="signal 9"):
        first.wait_until(lambda: False)
    assert run.holder() is None
    assert client.attach(run) is None

    assert isinstance(
        second.request(Resume(id="r", run=run.name, words=["train.pace=off"])), Continued
    )
    holder = run.holder()
    assert holder is None or holder.pid == second.process.pid
    second.wait_until(lambda: has_ended(run))
    assert losses_of(run) == whole
    assert any(isinstance(event, Resumed) for event in read_events(run.events_path))


CLIENT = """
import sys
from seqlm.protocol.commands import Start
from seqlm.worker import client
connection = client.spawn()
connection.request(Start(id="s", recipe=sys.argv[1], name="mine"), 60)
print(connection.process.pid, flush=True)
connection.receive()
"""


def test_training_survives_its_client_and_another_client_can_attach(
    small: Recipe,
) -> None:
    command = [sys.executable, "-c", CLIENT, small(steps=LONG)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first_client:
        assert first_client.stdout is not None
        worker = psutil.Process(int(first_client.stdout.readline()))
        first_client.kill()
    run = find_run("mine")
    connection = client.attach(run)
    assert connection is not None
    with connection:
        described = connection.request(Describe(id="d"), 30)
        assert isinstance(described, DescribeAnswer)
        assert described.status == "training"
        later = connection.request(Pause(id="p"), 30)
        assert isinstance(later, Paused)
        n_steps = later.step + 20
        connection.request(SetValue(id="v", key="train.steps", value=n_steps), 30)
        connection.request(Continue(id="c"), 30)
    worker.wait(30)  # without clients it trains to the end and exits
    assert has_ended(run)
    assert len(losses_of(run)) == n_steps
    assert list((Path(os.environ["SEQLM_SOCKETS"]) / "seqlm").iterdir()) == []


def test_two_clients_use_one_worker(reused: Worker, small: Recipe) -> None:
    worker = reused
    run = start_run(worker, small(steps=LONG))
    other = client.attach(run)
    assert other is not None
    with other:
        assert isinstance(other.request(Pause(id="theirs"), 30), Paused)
        assert worker.request(Describe(id="ours")).status == "paused"


def test_a_finished_run_can_be_queried(reused: Worker, small: Recipe) -> None:
    run = start_run(reused, small(steps=30))
    reused.wait_until(lambda: has_ended(run))
    events = reused.request(NextToken(id="n", tokens=["a"]))
    assert reused.request(Read(id="r", run=run.name)).status == "reading"
    answer = reused.request(NextToken(id="n", tokens=["a"]))
    assert answer == events
    assert answer.step == 30
    with pytest.raises(RequestError, match="no run is training in this worker"):
        reused.request(Pause(id="p"))


def test_sigterm_stops_with_a_checkpoint(spawn: Spawn, small: Recipe) -> None:
    worker = spawn()
    run = start_run(worker, small(steps=LONG))
    worker.wait_until(lambda: any(isinstance(e, StepsDone) for e in events_of(run)))
    worker.process.terminate()
    assert worker.wait_for_exit() == 0
    ended = events_of(run)[-1]
    assert isinstance(ended, Ended)
    assert ended.status == "stopped"
    assert ended.step == len(losses_of(run))
    assert CheckpointStore(run.checkpoints_path).load("latest").metadata.step == ended.step


def test_terminal_signals_do_not_end_the_worker(reused: Worker, small: Recipe) -> None:
    worker = reused
    start_run(worker, small(steps=LONG))
    for end in (signal.SIGHUP, signal.SIGINT):
        worker.process.send_signal(end)
    assert worker.request(Describe(id="d")).status == "training"
    assert os.getsid(worker.process.pid) == worker.process.pid


def test_a_worker_never_imports_from_the_working_folder(
    spawn: Spawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, imported = tmp_path / "working", tmp_path / "imported"
    folder.mkdir()
    for name in ("seqlm", "json", "argparse", "torch", "numpy"):
        program = f"open({str(imported)!r}, 'a').write(__name__)\n"
        (folder / f"{name}.py").write_text(program)
    monkeypatch.chdir(folder)
    assert spawn().request(Describe(id="d")).status == "idle"  # torch is imported by now
    assert not imported.exists()


PARENT = """
import signal, sys
from seqlm.protocol.commands import Start
from seqlm.worker import client
signals = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
if sys.argv[2] == "ignores":
    for each in signals:
        signal.signal(each, signal.SIG_IGN)
else:
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
connection = client.spawn()
connection.request(Start(id="s", recipe=sys.argv[1], name="mine"), 60)
print(connection.process.pid)
"""


@pytest.mark.parametrize("what", ["ignores", "blocks"])
def test_sigterm_stops_a_worker_whose_parent_ignores_or_blocks_signals(
    small: Recipe, what: str
) -> None:
    command = [sys.executable, "-c", PARENT, small(steps=LONG), what]
    parent = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S)
    worker = psutil.Process(int(parent.stdout))
    try:
        for ignored in (signal.SIGINT, signal.SIGHUP):
            worker.send_signal(ignored)
        connection = client.attach(find_run("mine"))
        assert connection is not None
        with connection:
            described = connection.request(Describe(id="d"), DEADLINE_S)
            assert isinstance(described, DescribeAnswer)
            assert described.status == "training"
            worker.send_signal(signal.SIGTERM)
            with pytest.raises(WorkerExited):
                connection.receive(DEADLINE_S)
    finally:
        worker.kill()
    ended = events_of(find_run("mine"))[-1]
    assert isinstance(ended, Ended)
    assert ended.status == "stopped"


def test_a_rejected_start_leaves_no_files(reused: Worker, small: Recipe) -> None:
    runs_dir().mkdir(parents=True, exist_ok=True)  # this may be the first test of this worker
    before = sorted(runs_dir().iterdir())
    for line, words in (
        ("names-mlp model.hidden=0", "1 to 8,192"),
        (small("train.device=" + _missing_device()), "is not available on this machine"),
        (small("train.example=chunk", "train.chunk=8000"), "Use train.chunk=125 or less"),
        ("names-mlp data.corpus=/nowhere.txt", "nowhere"),
    ):
        with pytest.raises(RequestError, match=words):
            reused.request(Start(id="s", recipe=line))
    assert sorted(runs_dir().iterdir()) == before


def _missing_device() -> str:
    return "mps" if sys.platform != "darwin" else "cuda"


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 512)
    return filler


@pytest.fixture
def tiny_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Mount a file system of 4 MB as the data folder."""
    home = tmp_path / "tiny"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small file system")
    monkeypatch.setenv("SEQLM_HOME", str(home))
    yield home
    subprocess.run(["umount", "-l", str(home)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs")
def test_on_a_full_disk_a_run_waits_without_loss_and_continues_by_itself(
    spawn: Spawn, small: Recipe, tiny_disk: Path
) -> None:
    line = small("train.evaluate_every=20", steps=300)
    whole = uninterrupted(line)
    worker = spawn()
    run = start_run(worker, line + " train.pace=100")
    filler = fill(tiny_disk)
    rejections: list[Rejected] = []
    while not rejections:
        replies = worker.connection.receive(5)
        rejections += [reply for reply in replies if isinstance(reply, Rejected)]
    assert "Disk full: training waits at step" in rejections[0].message
    described = worker.request(Describe(id="d"))
    assert (described.status, described.message) == ("paused", rejections[0].message)
    late = client.attach(run)
    assert late is not None
    with late:  # whoever connects later is told too
        assert "Disk full" in str(late.receive(DEADLINE_S))
    for command, begin in (
        (Continue(id="c"), "D"),
        (SetValue(id="v", key="train.pace", value=9.0), "train.pace was not changed: d"),
        (Stop(id="x"), f"{run.name} was not stopped: d"),
    ):
        with pytest.raises(SeqlmError, match=f"^{begin}isk full[:.] .* continues by itself"):
            worker.request(command)
    filler.unlink()
    worker.wait_until(lambda: worker.request(Describe(id="d")).status == "training")
    worker.request(SetValue(id="v", key="train.pace", value="off"))
    worker.wait_until(lambda: has_ended(run))
    assert losses_of(run) == whole
    seqs = [event.seq for event in read_events(run.events_path)]
    assert seqs == list(range(1, len(seqs) + 1))


def replies_until_exit(worker: Worker) -> list[Any]:
    replies: list[Any] = []
    try:
        while True:
            replies += worker.connection.receive(DEADLINE_S)
    except WorkerExited:
        return replies


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_worker_whose_run_is_deleted_or_replaced_ends(
    spawn: Spawn, small: Recipe, is_replaced: bool
) -> None:
    worker = spawn()
    run = start_run(worker, small(steps=10**6))
    shutil.rmtree(run.path)
    if is_replaced:
        other = spawn()
        start_run(other, small(steps=10**6), run.name)
    notices = replies_until_exit(worker)
    assert [notice.is_end for notice in notices] == [True]
    assert "was deleted, moved or replaced; its training has ended" in notices[0].message
    assert worker.wait_for_exit() == 0
    if is_replaced:  # it was left alone
        assert other.request(Stop(id="x")).status == "stopped"


def test_a_run_whose_disk_vanishes_waits_and_is_saved_elsewhere_at_the_end(
    spawn: Spawn, small: Recipe
) -> None:
    line = small(steps=10**6)
    worker = spawn()
    run = start_run(worker, line)
    away = runs_dir().rename(runs_dir().with_name("away"))
    (notice,) = notices_of(worker, 1)
    assert f"{runs_dir()} is gone: training waits at step" in notice.message
    away.rename(runs_dir())
    worker.wait_until(lambda: worker.request(Describe(id="d")).status == "training")
    runs_dir().rename(away)
    notices_of(worker, 1)
    worker.process.send_signal(signal.SIGTERM)
    *_, notice = replies_until_exit(worker)
    assert notice.is_end
    saved = Path(notice.message.rpartition("seqlm resume ")[2])
    away.rename(runs_dir())
    assert "Traceback" not in run.log_path.read_text()
    step = events_of(RunDirectory(saved))[-1].step
    assert f"step {step:,} of {run.name} was saved in {saved}" in later_copy_note(run)
    other = spawn()
    other.request(Resume(id="r", run=str(saved), words=[f"train.steps={step + 5}"]))
    other.wait_until(lambda: has_ended(RunDirectory(saved)))
    whole = uninterrupted(small(f"train.steps={step + 5}@{step}", steps=10**6))
    assert losses_of(RunDirectory(saved)) == whole


def notices_of(worker: Worker, n: int) -> list[Rejected]:
    """Return the next notices that a run waits."""
    found: list[Rejected] = []
    while len(found) < n:
        replies = worker.connection.receive(DEADLINE_S)
        found += [reply for reply in replies if isinstance(reply, Rejected)]
    return found
