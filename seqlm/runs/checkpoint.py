"""Checkpoints: everything that a training run needs to resume, written as one transaction.

``checkpoints/step-N/`` holds ``weights.safetensors``, ``checkpoint.json`` and, if training can
resume from it, ``training.safetensors``. The directory is written under a temporary name, flushed to the
disk unless it holds only weights for queries, and renamed into place. The files ``latest`` and
``best`` hold the name of a checkpoint. Nothing is ever unpickled.
"""

import hashlib
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from torch import Tensor

from seqlm.atomic_write import sync_directory, write_atomically
from seqlm.error_text import cause_of
from seqlm.errors import SeqlmError
from seqlm.protocol import codec
from seqlm.regular_file import read_regular
from seqlm.runs.early_checks import is_step, saved_steps
from seqlm.runs.tensor_files import (
    DamagedTensorFile,
    UnexpectedTensors,
    pack_tensors,
    read_tensors,
)
from seqlm.training.trainer_state import TrainerState

_KEPT = 2
_MAX_METADATA_BYTES, _MAX_POINTER_BYTES = 16 << 20, 256
_REPLACED = ".replaced"
_WEIGHTS, _TRAINING, _METADATA = "weights.safetensors", "training.safetensors", "checkpoint.json"


class CheckpointMetadata(Struct, frozen=True, kw_only=True):
    """Content of ``checkpoint.json``.

    Attributes:
        v: Version of the format.
        step: Steps done.
        seq: Number of the last event in the log when the checkpoint was taken.
        position: State of the trainer; None if only the weights are kept.
        sha256: Checksum of each file by its name; that of ``checkpoint.json`` is computed with an
            empty text in its place. Old checkpoints do not have it.
    """

    v: int = 1
    step: int
    seq: int
    position: TrainerState | None
    sha256: dict[str, str]


class LoadedCheckpoint(Struct, frozen=True, kw_only=True):
    """A checkpoint that was read and verified by its checksums."""

    metadata: CheckpointMetadata
    weights: dict[str, Tensor]
    training: dict[str, Tensor]


class CheckpointStore:
    """The checkpoints of one run.

    Args:
        path: The directory ``checkpoints`` of the run; created with the first checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(
        self,
        metadata: CheckpointMetadata,
        weights: dict[str, Tensor],
        training: dict[str, Tensor] | None = None,
    ) -> int:
        """Write a checkpoint and flush it to the disk, so that a pointer may name it.

        Args:
            metadata: The metadata; its ``sha256`` is set here.
            weights: The model's weights by name.
            training: The other tensors that resuming needs; None to keep only the weights.

        Returns:
            The bytes written.

        Raises:
            OSError: The checkpoint cannot be written; existing checkpoints are unchanged.
        """
        self.path.mkdir(exist_ok=True, mode=0o700)
        name = f"step-{metadata.step}"
        if training is None and self._is_full(name):
            return 0
        return self._write(name, metadata, weights, training)

    def keep(self, metadata: CheckpointMetadata, weights: dict[str, Tensor]) -> None:
        """Write weights for later queries, without a flush: a power failure may lose them.

        Raises:
            OSError: The disk is full.
        """
        self.path.mkdir(exist_ok=True, mode=0o700)
        name = f"step-{metadata.step}"
        if not self._is_full(name):
            self._write(name, metadata, weights, None, sync=False)

    def point(self, pointer: str, step: int) -> None:
        """Make ``latest`` or ``best`` point to the checkpoint of a step."""
        write_atomically(self.path / pointer, f"step-{step}\n".encode())

    def _write(
        self,
        name: str,
        metadata: CheckpointMetadata,
        weights: dict[str, Tensor],
        training: dict[str, Tensor] | None,
        *,
        sync: bool = True,
    ) -> int:
        files = {_WEIGHTS: pack_tensors(weights)}
        if training is not None:
            files[_TRAINING] = pack_tensors(training)
        sums = {file: _sha256(content) for file, content in files.items()}
        files[_METADATA] = _with_own_sha256(metadata, sums)
        self._put(name, files, sync=sync)
        return sum(map(len, files.values()))

    def load(self, name: str, expected: Mapping[str, Tensor] | None = None) -> LoadedCheckpoint:
        """Read the checkpoint called ``name``: ``latest``, ``best`` or ``step-N``.

        Args:
            name: Name of the checkpoint.
            expected: Tensors with the names, types and shapes that the weights must have.

        Raises:
            SeqlmError: The checkpoint does not exist, is damaged, or belongs to another model; names
                the file.
        """
        folder = self.path / self.resolve(name)
        metadata = self.metadata(folder.name)
        try:
            weights = read_tensors(folder / _WEIGHTS, metadata.sha256[_WEIGHTS], expected)
            training = {}
            if (folder / _TRAINING).exists():
                training = read_tensors(folder / _TRAINING, metadata.sha256[_TRAINING])
        except OSError as error:
            raise _unreadable(folder.name, error) from error
        except KeyError as error:
            raise SeqlmError(
                f"checkpoint {folder.name} is damaged: {_METADATA} has no checksum of {error.args[0]}"
            ) from error
        except DamagedTensorFile as error:
            raise SeqlmError(f"checkpoint {folder.name} is damaged: {error}") from error
        except UnexpectedTensors as error:
            raise SeqlmError(
                f"checkpoint {folder.name} does not match the configuration of the run: {error}"
            ) from error
        return LoadedCheckpoint(metadata=metadata, weights=weights, training=training)

    def metadata(self, name: str) -> CheckpointMetadata:
        """Read the ``checkpoint.json`` of ``step-N``.

        Raises:
            SeqlmError: The file does not exist or is damaged.
        """
        try:
            content = read_regular(self.path / name / _METADATA, _MAX_METADATA_BYTES)
            found: CheckpointMetadata = codec.decode(content, codec.decoder(CheckpointMetadata))
        except OSError as error:
            raise _unreadable(name, error) from error
        except codec.MessageError as error:
            raise SeqlmError(f"checkpoint {name} is damaged: {_METADATA}: {error}") from error
        own = found.sha256.get(_METADATA)
        if own is not None and _sha256(content.replace(own.encode(), b"", 1)) != own:
            raise SeqlmError(f"checkpoint {name} is damaged: the SHA-256 of {_METADATA} differs")
        return found

    def resolve(self, name: str) -> str:
        """Return the directory name of a pointer or a ``step-N``.

        If ``latest`` does not name a checkpoint, the newest one from which training can resume is meant.

        Raises:
            SeqlmError: There is no such checkpoint, or the name is not valid.
        """
        if name in ("latest", "best"):
            target = self.target_of(name)
            if target is None and name == "latest":
                target = next(iter(self.full_checkpoints()), None)
            if target is None:
                raise SeqlmError(f"no {name} checkpoint is saved")
            name = target
        if not is_step(name):
            raise SeqlmError(f"{name!r} is not a checkpoint; one of: latest, best, step-N")
        return name

    def target_of(self, pointer: str) -> str | None:
        """Return the existing checkpoint that ``latest`` or ``best`` names; None without one."""
        try:
            name = read_regular(self.path / pointer, _MAX_POINTER_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return name if is_step(name) and (self.path / name / _METADATA).is_file() else None

    def full_checkpoints(self) -> list[str]:
        """Return the checkpoints from which training can resume, newest first."""
        names = [f"step-{step}" for step in reversed(self.steps())]
        return [name for name in names if self._is_full(name)]

    def has(self, name: str) -> bool:
        """Return True if the checkpoint exists."""
        try:
            return (self.path / self.resolve(name) / _METADATA).is_file()
        except SeqlmError:
            return False

    def steps(self) -> list[int]:
        """Return the steps whose weights are kept, in order."""
        return saved_steps(self.path)

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a killed writer. Only the owner of the lock may call this."""
        for left in self.path.glob(".*"):
            replaced = self.path / left.name.removeprefix(".").removesuffix(_REPLACED)
            if left.name.endswith(_REPLACED) and not replaced.exists():
                left.rename(replaced)
            elif left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def prune(self, kept: Collection[int]) -> None:
        """Keep the last two full checkpoints, and of the others at most the weights.

        The checkpoint that ``latest`` names stays full, even if an interrupted training left later
        steps. Only the weights are kept of the best step and of the steps in ``kept``.
        """
        full = [step for step in self.steps() if self._is_full(f"step-{step}")]
        best, latest = self._step_of("best"), self._step_of("latest")
        for step in set(self.steps()) - {*full[-_KEPT:], latest}:
            if step == best or step in kept:
                (self._folder(step) / _TRAINING).unlink(missing_ok=True)
            else:
                shutil.rmtree(self._folder(step), ignore_errors=True)

    def rewind(self, step: int, best_step: int) -> None:
        """Delete the checkpoints after ``step``, from which training resumes, and correct the pointers.

        Args:
            step: Step of the checkpoint; 0 without one.
            best_step: Step of the lowest validation loss up to then.
        """
        if self._is_full(f"step-{step}"):
            self.point("latest", step)
        if (self._step_of("best") or 0) > step:
            if self.has(f"step-{best_step}"):
                self.point("best", best_step)
            else:
                (self.path / "best").unlink()
        for later in self.steps():
            if later > step:
                shutil.rmtree(self._folder(later), ignore_errors=True)

    def _step_of(self, pointer: str) -> int | None:
        """Return the step of ``best`` or ``latest``; None if there is no such checkpoint."""
        if not self.has(pointer):
            return None
        return int(self.resolve(pointer).removeprefix("step-"))

    def _folder(self, step: int) -> Path:
        return self.path / f"step-{step}"

    def _is_full(self, name: str) -> bool:
        return (self.path / name / _TRAINING).is_file()

    def _put(self, name: str, files: dict[str, bytes], *, sync: bool) -> None:
        """Write a directory under a temporary name, then rename it into place.

        A directory cannot be renamed over another one: the old one is renamed first, and restored by
        :meth:`remove_leftovers` if the process ends in between.
        """
        temporary, target = self.path / f".{name}.{os.getpid()}", self.path / name
        replaced = self.path / f".{name}{_REPLACED}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(mode=0o700)
        try:
            for file, content in files.items():
                with (temporary / file).open("wb") as out:
                    out.write(content)
                    out.flush()
                    if sync:
                        os.fsync(out.fileno())
            if sync:
                sync_directory(temporary)
            if target.exists():
                target.rename(replaced)
            temporary.rename(target)
        except OSError as error:
            error.filename = str(target)
            shutil.rmtree(temporary, ignore_errors=True)
            if replaced.exists() and not target.exists():
                replaced.rename(target)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
        if sync:
            sync_directory(self.path)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _with_own_sha256(metadata: CheckpointMetadata, sums: dict[str, str]) -> bytes:
    """Return the content of ``checkpoint.json`` with the checksums of all files, itself included."""
    blank = codec.encode(msgspec.structs.replace(metadata, sha256={**sums, _METADATA: ""}))
    entry = f'"{_METADATA}":"'.encode()
    return blank.replace(entry, entry + _sha256(blank).encode(), 1)


def _unreadable(name: str, error: OSError) -> SeqlmError:
    where = f"{Path(error.filename).name}: " if error.filename else ""
    return SeqlmError(f"checkpoint {name} cannot be read: {where}{cause_of(error)}")
