"""Checkpoints: everything that a training needs to go on, on disk as one transaction.

``checkpoints/step-N/`` holds ``weights.safetensors``, ``checkpoint.json`` and, where training can go
on from it, ``training.safetensors``. It is written beside, flushed to the disk, and renamed into place.
The files ``latest`` and ``best`` hold the name of one. Nothing is ever unpickled.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from seqlm.errors import SeqlmError
from seqlm.protocol import codec
from seqlm.runs.directory import sync_directory, write_atomically
from seqlm.training.position import Position

_MAX_HEADER_BYTES = 16 << 20
_KEPT = 2
_REPLACED = ".replaced"
_WEIGHTS, _TRAINING, _RECORD = "weights.safetensors", "training.safetensors", "checkpoint.json"


class Record(Struct, frozen=True, kw_only=True):
    """``checkpoint.json``. ``seq`` and ``offset`` say how far the log went when it was taken.

    ``position`` is None where only the weights are kept. ``sha256`` holds a checksum by file name.
    """

    v: int = 1
    step: int
    seq: int
    offset: int
    position: Position | None
    sha256: dict[str, str]


class Loaded(Struct, frozen=True, kw_only=True):
    """A checkpoint that was read and held against its checksums."""

    record: Record
    weights: dict[str, Tensor]
    training: dict[str, Tensor]


class Checkpoints:
    """The checkpoints of one run.

    Args:
        path: The folder ``checkpoints`` of the run; made with the first of them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(
        self,
        record: Record,
        weights: dict[str, Tensor],
        training: dict[str, Tensor] | None = None,
    ) -> int:
        """Write a checkpoint. It is on the disk when this returns: a pointer may name it then.

        Args:
            record: Its ``sha256`` is filled in here.
            weights: The model's numbers by name.
            training: What else is needed to go on; None keeps the weights alone.

        Returns:
            The bytes written.

        Raises:
            OSError: It could not be written; what was there before still is.
        """
        self.path.mkdir(exist_ok=True, mode=0o700)
        name = f"step-{record.step}"
        if training is None and self._is_whole(name):
            return 0
        return self._write(name, record, weights, training)

    def point(self, pointer: str, step: int) -> None:
        """Let ``latest`` or ``best`` mean the checkpoint of a step."""
        write_atomically(self.path / pointer, f"step-{step}\n".encode())

    def _write(
        self,
        name: str,
        record: Record,
        weights: dict[str, Tensor],
        training: dict[str, Tensor] | None,
    ) -> int:
        files = {_WEIGHTS: save_tensors(_on_cpu(weights))}
        if training is not None:
            files[_TRAINING] = save_tensors(_on_cpu(training))
        sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
        files[_RECORD] = codec.encode(msgspec.structs.replace(record, sha256=sums))
        self._put(name, files)
        return sum(map(len, files.values()))

    def load(self, name: str) -> Loaded:
        """Read the checkpoint called ``name``: ``latest``, ``best`` or ``step-N``.

        Raises:
            SeqlmError: It is not there or damaged; says which file.
        """
        folder = self.path / self.resolve(name)
        try:
            reader = codec.decoder(Record)
            record = codec.decode((folder / _RECORD).read_bytes(), reader)
            weights = _read_tensors(folder / _WEIGHTS, record.sha256[_WEIGHTS])
            training = {}
            if (folder / _TRAINING).exists():
                training = _read_tensors(folder / _TRAINING, record.sha256[_TRAINING])
        except OSError as error:
            raise SeqlmError(
                f"checkpoint {folder.name} cannot be read: {error.strerror or error}"
            ) from error
        except (_Damaged, KeyError, codec.MessageError) as error:
            raise SeqlmError(f"checkpoint {folder.name} is damaged: {error}") from error
        return Loaded(record=record, weights=weights, training=training)

    def resolve(self, name: str) -> str:
        """The folder's name that a pointer or a ``step-N`` means."""
        if name in ("latest", "best"):
            try:
                name = (self.path / name).read_text().strip()
            except OSError as error:
                raise SeqlmError(f"there is no {name} checkpoint yet") from error
        if not name.removeprefix("step-").isdecimal():
            raise SeqlmError(f"{name!r} is not a checkpoint's name")
        return name

    def has(self, name: str) -> bool:
        """Whether there is such a checkpoint."""
        try:
            return (self.path / self.resolve(name) / _RECORD).is_file()
        except SeqlmError:
            return False

    def steps(self) -> list[int]:
        """The steps whose weights are kept, in order."""
        names = (folder.name for folder in self.path.glob("step-*"))
        return sorted(int(n) for name in names if (n := name.removeprefix("step-")).isdecimal())

    def tidy(self) -> None:
        """Clear away what a writer left behind that was killed. Only for who holds the run."""
        for left in self.path.glob(".*"):
            replaced = self.path / left.name.removeprefix(".").removesuffix(_REPLACED)
            if left.name.endswith(_REPLACED) and not replaced.exists():
                left.rename(replaced)
            elif left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def prune(self) -> None:
        """Of the whole checkpoints keep the last two; of all others only the weights, if at all.

        What ``latest`` names stays whole also where higher steps are left of a training that went
        back. Weights alone stay for the best one and at log-spaced steps.
        """
        whole = [step for step in self.steps() if self._is_whole(f"step-{step}")]
        best, latest = (self.resolve(p) if self.has(p) else "" for p in ("best", "latest"))
        for step in set(self.steps()) - set(whole[-_KEPT:]):
            folder = self.path / f"step-{step}"
            if folder.name == latest:
                continue
            if folder.name == best or is_log_spaced(step):
                (folder / _TRAINING).unlink(missing_ok=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _is_whole(self, name: str) -> bool:
        return (self.path / name / _TRAINING).is_file()

    def _put(self, name: str, files: dict[str, bytes]) -> None:
        """Write a folder beside, then put it in the place of one of that name.

        A folder cannot be renamed over another: the old one goes aside first, and comes back by
        :meth:`tidy` where the process ends in between.
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
                    os.fsync(out.fileno())
            sync_directory(temporary)
            if target.exists():
                target.rename(replaced)
            temporary.rename(target)
        except OSError:
            shutil.rmtree(temporary, ignore_errors=True)
            if replaced.exists() and not target.exists():
                replaced.rename(target)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
        sync_directory(self.path)


def is_log_spaced(step: int) -> bool:
    """Whether a step is one of 0, 1, 3, 10, 30, 100, 300 and so on."""
    return str(step).rstrip("0") in ("", "1", "3")


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}


class _Damaged(Exception):
    """Why the content of a file is not what was written."""


def _read_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """Tensors of a file, its header held against its size before anything is made of it."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header_bytes = int.from_bytes(file.read(8), "little")
        if header_bytes > min(size - 8, _MAX_HEADER_BYTES):
            raise _Damaged(f"the header of {path.name} is larger than the file")
        if _end_of_data(file.read(header_bytes)) != size - 8 - header_bytes:
            raise _Damaged(f"the size of {path.name} is not what its header says")
        file.seek(0)
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _Damaged(f"the checksum of {path.name} does not fit")
    try:
        loaded: dict[str, Tensor] = load_tensors(content)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise _Damaged(f"{path.name}: {error}") from error
    return loaded


def _end_of_data(header: bytes) -> int:
    """Where the last tensor ends, by a file's header; -1 where it is no header."""
    try:
        entries = msgspec.json.decode(header, type=dict[str, dict[str, Any]])
        ends = [int(e["data_offsets"][1]) for key, e in entries.items() if key != "__metadata__"]
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError):
        return -1
    return max(ends, default=0)
