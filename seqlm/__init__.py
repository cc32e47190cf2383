"""Sequence language models: data, training, generation and inspection, without a screen.

The public names are imported when they are first used, so that ``import seqlm`` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlm.api import LoadedModel, load, train
    from seqlm.configuration.run_config import RunConfig
    from seqlm.errors import RequestError, SeqlmError
    from seqlm.presets import PRESETS

__all__ = ["PRESETS", "LoadedModel", "RequestError", "RunConfig", "SeqlmError", "load", "train"]

_MODULES = {
    "PRESETS": "seqlm.presets",
    "LoadedModel": "seqlm.api",
    "RequestError": "seqlm.errors",
    "RunConfig": "seqlm.configuration.run_config",
    "SeqlmError": "seqlm.errors",
    "load": "seqlm.api",
    "train": "seqlm.api",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'seqlm' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
