"""Checkpoints: everything that a training needs to go on, on disk as one transaction.

``checkpoints/step-N/`` holds ``weights.safetensors``, ``checkpoint.json`` and, where training can go
on from it, ``training.safetensors``. It is written beside, flushed to the disk, and renamed into place.
The files ``latest`` and ``best`` hold the name of one. Nothing is ever unpickled.
"""

import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

import msgspec
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from seqlm.errors import SeqlmError
from seqlm.protocol import codec
from seqlm.runs.directory import sync_directory, write_atomically
from seqlm.training.trainer import Position

_MAX_HEADER_BYTES = 16 << 20
_KEPT = 2
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
        *,
        pointer: str | None = None,
    ) -> int:
        """Write a checkpoint. One that training can go on from is on the disk when this returns.

        Args:
            record: Its ``sha256`` is filled in here.
            weights: The model's numbers by name.
            training: What else is needed to go on; None keeps the weights alone.
            pointer: ``latest`` or ``best``, if this one is.

        Returns:
            The bytes written.
        """
        self.path.mkdir(exist_ok=True, mode=0o700)
        name = f"step-{record.step}"
        n_bytes = 0
        if training is not None or not self._is_whole(name):
            n_bytes = self._write(name, record, weights, training)
        if pointer is not None:
            write_atomically(self.path / pointer, name.encode() + b"\n")
        return n_bytes

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
        self._put(name, files, durable=training is not None)
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
            there = [file for file in record.sha256 if (folder / file).exists()]
            tensors = {file: _read_tensors(folder / file, record.sha256[file]) for file in there}
            weights = tensors.pop(_WEIGHTS)
        except (OSError, KeyError, codec.MessageError) as error:
            raise SeqlmError(f"checkpoint {folder.name} cannot be read: {error}") from error
        return Loaded(record=record, weights=weights, training=tensors.get(_TRAINING, {}))

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

    def prune(self) -> None:
        """Of the whole checkpoints keep the last two; of older ones only the weights, if kept at all.

        Weights alone stay for the best one and at log-spaced steps.
        """
        whole = [step for step in self.steps() if self._is_whole(f"step-{step}")]
        best = self.resolve("best") if self.has("best") else ""
        for step in whole[:-_KEPT]:
            folder = self.path / f"step-{step}"
            if folder.name == best or is_log_spaced(step):
                (folder / _TRAINING).unlink(missing_ok=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _is_whole(self, name: str) -> bool:
        return (self.path / name / _TRAINING).is_file()

    def _put(self, name: str, files: dict[str, bytes], *, durable: bool) -> None:
        temporary = self.path / f".{name}.{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(mode=0o700)
        try:
            for file, content in files.items():
                with (temporary / file).open("wb") as out:
                    out.write(content)
                    out.flush()
                    if durable:
                        os.fsync(out.fileno())
            shutil.rmtree(self.path / name, ignore_errors=True)
            temporary.rename(self.path / name)
        except OSError:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        if durable:
            sync_directory(self.path)


def is_log_spaced(step: int) -> bool:
    """Whether a step is one of 1, 3, 10, 30, 100, 300 and so on."""
    return str(step).rstrip("0") in ("1", "3")


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}


def _read_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """Tensors of a file, its header held against its size before anything is made of it."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        if header_bytes > min(size - 8, _MAX_HEADER_BYTES):
            raise SeqlmError(f"{path.name} is damaged: its header is larger than the file")
        header = json.loads(file.read(header_bytes))
        ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
        if max(ends, default=0) != size - 8 - header_bytes:
            raise SeqlmError(f"{path.name} is damaged: its size is not what its header says")
        file.seek(0)
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SeqlmError(f"{path.name} is damaged: its checksum does not fit")
    try:
        loaded: dict[str, Tensor] = load_tensors(content)
    except SafetensorError as error:
        raise SeqlmError(f"{path.name} is damaged: {error}") from error
    return loaded
