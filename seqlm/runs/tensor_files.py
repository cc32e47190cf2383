"""Tensor files of a checkpoint: safetensors whose header and checksum are verified before use."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from seqlm.regular_file import open_regular

_MAX_HEADER_BYTES = 16 << 20
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class DamagedTensorFile(Exception):
    """Error: a tensor file does not have the content that was written."""


class UnexpectedTensors(Exception):
    """Error: a tensor file does not hold the tensors that the model of the run has."""


class _Entry(msgspec.Struct):
    """Header of one tensor."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def pack_tensors(tensors: dict[str, Tensor]) -> bytes:
    """Return the content of a file that holds these tensors, from any device."""
    return save({k: tensor.detach().to("cpu").contiguous() for k, tensor in tensors.items()})


def read_tensors(
    path: Path, sha256: str, expected: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """Return the tensors in a file, after verifying its header and checksum.

    Args:
        path: The file.
        sha256: Its checksum.
        expected: Tensors with the names, types and shapes that the file must have; they are compared
            before any data is read. A tensor that starts empty may have any length.

    Raises:
        DamagedTensorFile: The file does not have this checksum.
        UnexpectedTensors: The names, types or shapes are not those of ``expected``.
        OSError: The file cannot be read.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        header_bytes = int.from_bytes(file.read(8), "little")
        if header_bytes > min(size - 8, _MAX_HEADER_BYTES):
            raise DamagedTensorFile(f"the header of {path.name} is larger than the file")
        entries = _entries(file.read(header_bytes))
        if entries is None or _end_of_data(entries) != size - 8 - header_bytes:
            raise DamagedTensorFile(f"the size of {path.name} differs from its header")
        problem = _difference(entries, expected) if expected is not None else ""
        file.seek(0)
        if problem:
            _check_sha256(hashlib.file_digest(file, "sha256").hexdigest(), sha256, path)
            raise UnexpectedTensors(f"{problem} in {path.name}")
        content = file.read(size)
    _check_sha256(hashlib.sha256(content).hexdigest(), sha256, path)
    try:
        loaded: dict[str, Tensor] = load(content)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise DamagedTensorFile(f"{path.name} is not a valid tensor file") from error
    return loaded


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the name of a tensor with a NaN or infinite number; None if all numbers are finite."""
    return next((name for name, part in tensors.items() if not part.isfinite().all()), None)


def _check_sha256(found: str, expected: str, path: Path) -> None:
    if found != expected:
        raise DamagedTensorFile(f"the SHA-256 of {path.name} differs from checkpoint.json")


def _entries(header: bytes) -> dict[str, _Entry] | None:
    """Return the entries of a header; None if it is invalid."""
    try:
        raw = msgspec.json.decode(header, type=dict[str, dict[str, Any]])
        raw.pop("__metadata__", None)
        return msgspec.convert(raw, type=dict[str, _Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _end_of_data(entries: dict[str, _Entry]) -> int:
    """Return the end offset of the last tensor."""
    return max((entry.data_offsets[1] for entry in entries.values()), default=0)


def _difference(entries: dict[str, _Entry], expected: Mapping[str, Tensor]) -> str:
    """Return in words how the tensors of a file differ from the expected ones; empty if they agree."""
    if missing := sorted(expected.keys() - entries.keys()):
        return f"the tensor {missing[0]} is missing"
    if extra := sorted(entries.keys() - expected.keys()):
        return f"the tensor {extra[0]} is not part of the model"
    for name, wanted in expected.items():
        found = entries[name]
        if _DTYPES.get(found.dtype) != wanted.dtype:
            return f"the tensor {name} has the type {found.dtype}, not {_type_name(wanted.dtype)},"
        if not _has_shape(found.shape, list(wanted.shape)):
            return f"the tensor {name} has the shape {found.shape}, not {list(wanted.shape)},"
    return ""


def _has_shape(found: list[int], wanted: list[int]) -> bool:
    """Return True if shapes are equal; a tensor that starts empty may have any length."""
    if len(found) != len(wanted) or found[1:] != wanted[1:]:
        return False
    return found[:1] == wanted[:1] or wanted[0] == 0


def _type_name(dtype: torch.dtype) -> str:
    return next((name for name, known in _DTYPES.items() if known == dtype), str(dtype))
