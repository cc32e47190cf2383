"""Choice of the device that a model is trained on."""

import torch

from seqlm.errors import RequestError

_MIN_GPU_PARAMETERS = 1_000_000


def choose_device(name: str, n_parameters: int) -> torch.device:
    """Return the device for ``train.device``; ``auto`` chooses a GPU only for large models.

    A training step of a small model is mostly call overhead, which is higher on a GPU.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        n_parameters: Number of parameters of the model.

    Raises:
        RequestError: This machine does not have the device.
    """
    is_available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        is_large = n_parameters >= _MIN_GPU_PARAMETERS
        name = next((gpu for gpu in ("cuda", "mps") if is_large and is_available[gpu]), "cpu")
    if not is_available[name]:
        available = ", ".join(sorted(device for device in is_available if is_available[device]))
        raise RequestError(
            f"train.device={name} is not available on this machine; one of: {available}", name
        )
    return torch.device(name)
