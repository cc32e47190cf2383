"""Where the arithmetic is done."""

import torch

from seqlm.errors import RequestError

_GPU_FROM_PARAMETERS = 1_000_000


def choose_device(name: str, n_parameters: int) -> torch.device:
    """The device that a configuration means; ``auto`` takes a GPU only for large models.

    A step of a small model is mostly calls, and calls to a GPU cost more.

    Raises:
        RequestError: The device is not there.
    """
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        large = n_parameters >= _GPU_FROM_PARAMETERS
        name = next((gpu for gpu in ("cuda", "mps") if large and there[gpu]), "cpu")
    if not there[name]:
        fitting = ", ".join(sorted(device for device, is_there in there.items() if is_there))
        raise RequestError(f"train.device={name} is not on this machine; there is {fitting}", name)
    return torch.device(name)
