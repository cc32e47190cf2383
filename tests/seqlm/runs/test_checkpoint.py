import hashlib
import json
import os
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from torch import Tensor

from seqlm.errors import SeqlmError
from seqlm.runs.checkpoint import CheckpointMetadata, CheckpointStore
from seqlm.training.trainer_state import TrainerState

POSITION = TrainerState(
    step=7,
    values={"train.clip": None, "train.learning_rate": 0.1},
    waiting=[],
    budget_fixed=False,
    evaluation_due=False,
    evaluated_step=0,
    best_loss=float("inf"),
    best_step=0,
    train_s=1.5,
    cpu_s=2.5,
    n_tokens=100,
)
WEIGHTS = {"w": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1.0])}
TRAINING = {"generator.cpu": torch.arange(10, dtype=torch.uint8), "step": torch.tensor(3.0)}


def metadata_of(step: int) -> CheckpointMetadata:
    return CheckpointMetadata(step=step, seq=4, position=replace(POSITION, step=step), sha256={})


@pytest.fixture
def checkpoints(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "checkpoints")


def save(checkpoints: CheckpointStore, step: int, *, whole: bool = True) -> None:
    checkpoints.save(metadata_of(step), WEIGHTS, TRAINING if whole else None)
    if whole:
        checkpoints.point("latest", step)


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert all(one[name].dtype == other[name].dtype for name in one)


def test_a_checkpoint_is_loaded_bit_for_bit(checkpoints: CheckpointStore) -> None:
    save(checkpoints, 7)
    for name in ("latest", "step-7"):
        loaded = checkpoints.load(name)
        assert_same(loaded.weights, WEIGHTS)
        assert_same(loaded.training, TRAINING)
        assert replace(loaded.metadata, sha256={}) == metadata_of(7)


def test_a_checkpoint_contains_no_pickle_and_is_private(checkpoints: CheckpointStore) -> None:
    save(checkpoints, 7)
    names = {path.name for path in (checkpoints.path / "step-7").iterdir()}
    assert names == {"weights.safetensors", "training.safetensors", "checkpoint.json"}
    assert checkpoints.path.stat().st_mode & 0o777 == 0o700


def test_a_missing_checkpoint_is_reported(checkpoints: CheckpointStore) -> None:
    assert not checkpoints.has("latest")
    with pytest.raises(SeqlmError, match="no latest checkpoint is saved"):
        checkpoints.load("latest")
    with pytest.raises(
        SeqlmError, match=r"step-3 cannot be read: checkpoint\.json: no such file or folder"
    ):
        checkpoints.load("step-3")


@pytest.mark.parametrize("name", ["", "../other", "step-../x", "step-1/../../x", "weights", "/etc"])
def test_a_checkpoint_name_cannot_leave_the_directory(
    checkpoints: CheckpointStore, name: str
) -> None:
    save(checkpoints, 7)
    (checkpoints.path / "best").write_text(name)
    with pytest.raises(SeqlmError, match="is not a checkpoint; one of: latest, best, step-N"):
        checkpoints.load(name)
    with pytest.raises(SeqlmError, match="no best checkpoint is saved"):
        checkpoints.load("best")


FILES = ["weights.safetensors", "training.safetensors", "checkpoint.json"]


@pytest.mark.parametrize("file", FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_damage_anywhere_is_reported_with_the_checkpoint_name(
    checkpoints: CheckpointStore, file: str, data: st.DataObject
) -> None:
    save(checkpoints, 7)
    path = checkpoints.path / "step-7" / file
    content = bytearray(path.read_bytes())
    if file != "checkpoint.json":  # its own values have no checksum
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(content) - 2))
    path.write_bytes(content[:cut] if file == "checkpoint.json" else content)
    with pytest.raises(SeqlmError, match="checkpoint step-7 is damaged") as refused:
        checkpoints.load("latest")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("file", FILES[:2])
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 40])
def test_a_truncated_file_is_reported_as_damaged(
    checkpoints: CheckpointStore, file: str, size: int
) -> None:
    save(checkpoints, 7)
    path = checkpoints.path / "step-7" / file
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SeqlmError, match=f"step-7 is damaged: the .* of {file}"):
        checkpoints.load("latest")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b'{"w": 5}',
        b'{"w": {"dtype": "F32", "shape": [9], "data_offsets": [0, "x"]}}',
        b'{"w": {"dtype": "F32", "shape": [999999999999], "data_offsets": [0, 0]}}',
        b'{"w": {"dtype": "Q9", "shape": [], "data_offsets": [0, 0]}}',
    ],
)
def test_a_forged_header_is_rejected_before_tensors_are_created(
    checkpoints: CheckpointStore, header: bytes
) -> None:
    save(checkpoints, 7)
    folder = checkpoints.path / "step-7"
    forged = struct.pack("<Q", len(header)) + header
    (folder / "weights.safetensors").write_bytes(forged)
    record = json.loads((folder / "checkpoint.json").read_bytes())
    record["sha256"]["weights.safetensors"] = hashlib.sha256(forged).hexdigest()
    (folder / "checkpoint.json").write_text(json.dumps(record))
    with pytest.raises(SeqlmError, match="step-7 is damaged"):
        checkpoints.load("latest")


def test_prune_keeps_two_full_checkpoints_and_best_and_log_spaced_weights(
    checkpoints: CheckpointStore,
) -> None:
    for step in (3, 7, 10, 20):
        save(checkpoints, step)
    for step in (1, 8, 9, 15):
        save(checkpoints, step, whole=False)
    checkpoints.point("best", 8)
    checkpoints.prune([1, 3, 10])
    assert checkpoints.steps() == [1, 3, 8, 10, 20]
    whole = [n for n in checkpoints.steps() if checkpoints.load(f"step-{n}").training]
    assert whole == [10, 20]


def test_weights_never_replace_a_full_checkpoint(
    checkpoints: CheckpointStore,
) -> None:
    save(checkpoints, 7)
    assert checkpoints.save(metadata_of(7), WEIGHTS) == 0
    assert checkpoints.load("step-7").training


def test_a_full_checkpoint_replaces_weights_of_the_same_step(
    checkpoints: CheckpointStore,
) -> None:
    save(checkpoints, 7, whole=False)
    save(checkpoints, 7)
    checkpoints.save(metadata_of(7), WEIGHTS, {"other": torch.tensor([2.0])})
    assert_same(checkpoints.load("latest").training, {"other": torch.tensor([2.0])})
    assert {path.name for path in checkpoints.path.iterdir()} == {"latest", "step-7"}


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at_rename", [0, 1])
def test_a_writer_killed_between_two_renames_loses_nothing(
    checkpoints: CheckpointStore, monkeypatch: pytest.MonkeyPatch, at_rename: int
) -> None:
    save(checkpoints, 7)
    rename, n_renames = Path.rename, 0

    def dying(self: Path, target: Path) -> Path:
        nonlocal n_renames
        if n_renames == at_rename:
            raise Killed
        n_renames += 1
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", dying)
        with pytest.raises(Killed):
            checkpoints.save(metadata_of(7), WEIGHTS, TRAINING)
    checkpoints.remove_leftovers()
    assert_same(checkpoints.load("latest").training, TRAINING)
    assert {path.name for path in checkpoints.path.iterdir()} == {"latest", "step-7"}


def test_a_full_disk_leaves_the_previous_checkpoint(
    checkpoints: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(checkpoints, 7)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        for step in (7, 8):
            with pytest.raises(OSError, match="No space"):
                save(checkpoints, step)
    assert_same(checkpoints.load("latest").training, TRAINING)
    assert {path.name for path in checkpoints.path.iterdir()} == {"latest", "step-7"}


@pytest.mark.parametrize("whole", [True, False])
def test_each_file_is_flushed_before_it_is_renamed(
    checkpoints: CheckpointStore, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    synced: set[int] = set()
    fsync, rename = os.fsync, Path.rename

    def noting(fd: int) -> None:
        synced.add(os.fstat(fd).st_ino)
        fsync(fd)

    def checking(self: Path, target: Path) -> Path:
        assert synced == {path.stat().st_ino for path in (self, *self.iterdir())}
        synced.clear()
        return rename(self, target)

    monkeypatch.setattr("os.fsync", noting)
    monkeypatch.setattr(Path, "rename", checking)
    save(checkpoints, 7, whole=whole)
    assert checkpoints.path.stat().st_ino in synced


def test_the_latest_checkpoint_is_never_pruned(checkpoints: CheckpointStore) -> None:
    for step in (5, 40, 50):
        save(checkpoints, step)
    checkpoints.point("latest", 5)  # a training that went back
    checkpoints.prune([])
    assert checkpoints.load("latest").training


def test_every_changed_byte_of_the_metadata_is_found(checkpoints: CheckpointStore) -> None:
    save(checkpoints, 7)
    path = checkpoints.path / "step-7" / "checkpoint.json"
    whole = path.read_bytes()
    own = whole.index(b'"checkpoint.json"')
    for at in range(len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(changed)
        if not own < at <= own + len("checkpoint.json"):  # else it looks like an old checkpoint
            with pytest.raises(SeqlmError, match="step-7 is damaged"):
                checkpoints.metadata("step-7")
