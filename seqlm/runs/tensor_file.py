"""A file of tensors. Nothing is made of it before it was held against its header and its checksum."""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

_MAX_HEADER_BYTES = 16 << 20


class DamagedTensorFile(Exception):
    """Why the content of a file is not what was written."""


def pack_tensors(tensors: dict[str, Tensor]) -> bytes:
    """Tensors of any device by their names, as the content of a file."""
    return save({k: tensor.detach().to("cpu").contiguous() for k, tensor in tensors.items()})


def read_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """The tensors in a file.

    Raises:
        Damaged: It is not the file that had this checksum.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header_bytes = int.from_bytes(file.read(8), "little")
        if header_bytes > min(size - 8, _MAX_HEADER_BYTES):
            raise DamagedTensorFile(f"the header of {path.name} is larger than the file")
        if _end_of_data(file.read(header_bytes)) != size - 8 - header_bytes:
            raise DamagedTensorFile(f"the size of {path.name} is not what its header says")
        file.seek(0)
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedTensorFile(f"the checksum of {path.name} does not fit")
    try:
        loaded: dict[str, Tensor] = load(content)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise DamagedTensorFile(f"{path.name}: {error}") from error
    return loaded


def _end_of_data(header: bytes) -> int:
    """Where the last tensor ends, by a file's header; -1 where it is no header."""
    try:
        entries = msgspec.json.decode(header, type=dict[str, dict[str, Any]])
        ends = [int(e["data_offsets"][1]) for key, e in entries.items() if key != "__metadata__"]
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError):
        return -1
    return max(ends, default=0)
