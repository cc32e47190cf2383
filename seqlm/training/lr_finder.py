"""Learning-rate search: a short training of a copy in which the learning rate grows at each step.

The method is the learning rate range test of Smith 2017 (arXiv 1506.01186, section 3.3), with a rate
that grows by a constant factor instead of linearly. Only the copy is trained.
"""

import copy
from collections.abc import Iterator

import torch

from seqlm.configuration.run_config import RunConfig
from seqlm.data.batches import Batches
from seqlm.data.prepared_text import PreparedText
from seqlm.models.base import SequenceModel
from seqlm.models.registry import build
from seqlm.training.device import choose_device
from seqlm.training.live_settings import LiveSettings
from seqlm.training.lr_sweep import LrSweep, raise_if_count_based
from seqlm.training.memory import raise_if_training_too_large
from seqlm.training.train_step import GradientTrainStep, make_batches


def sweep_new(config: RunConfig, text: PreparedText) -> Iterator[LrSweep]:
    """Sweep a newly initialized model of this configuration; see :func:`sweep_copy`."""
    raise_if_count_based(config)
    torch.set_num_threads(config.train.threads)
    raise_if_training_too_large(config, text)
    model = build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    device = choose_device(config.train.device, n_parameters)
    batches = train_batches(config, text, model)
    settings = LiveSettings.from_config(config.train)
    yield from sweep_copy(config, model.to(device), batches, device, settings)


def train_batches(config: RunConfig, text: PreparedText, model: SequenceModel) -> Batches:
    """Return the batches that this configuration trains on."""
    sequences = [sequence for sequence in text.sequences("train") if len(sequence) > 1]
    return make_batches(config, text, sequences, model.context)


def sweep_copy(
    config: RunConfig,
    model: SequenceModel,
    batches: Batches,
    device: torch.device,
    settings: LiveSettings,
    first_step: int = 0,
) -> Iterator[LrSweep]:
    """Train a copy of a model while the learning rate grows.

    The copy has a new optimizer, and its dropout uses random generators of its own: the model, the
    batches and torch's generators do not change. The caller may stop after any step.

    Args:
        config: Configuration of the training.
        model: The model, copied before the first step; it must have no gradients.
        batches: Batches for the copy.
        device: Device of the model.
        settings: Live settings; the same at every step.
        first_step: Step whose batch is the first.

    Yields:
        The sweep so far, after each step.

    Raises:
        RequestError: The model is count-based.
    """
    raise_if_count_based(config)
    train_step = GradientTrainStep(copy.deepcopy(model), batches, config, device)
    generators = _SeparateGenerators(config.seed, device)
    sweep = LrSweep()
    while not sweep.is_over:
        with generators:
            loss, _ = train_step.step(
                first_step + len(sweep.losses), settings, sweep.rate_of(len(sweep.losses))
            )
        sweep = sweep.with_loss(float(loss))
        yield sweep


class _SeparateGenerators:
    """Context in which torch uses random generators that nothing else uses."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device if device.type == "cuda" else None
        with torch.random.fork_rng(devices=[self._device] if self._device else []):
            torch.manual_seed(seed)
            self._own = self._get_states()

    def __enter__(self) -> None:
        self._outer = self._get_states()
        self._set_states(self._own)

    def __exit__(self, *_: object) -> None:
        self._own = self._get_states()
        self._set_states(self._outer)

    def _get_states(self) -> list[torch.Tensor]:
        states = [torch.get_rng_state()]
        return [*states, torch.cuda.get_rng_state(self._device)] if self._device else states

    def _set_states(self, states: list[torch.Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self._device:
            torch.cuda.set_rng_state(states[1], self._device)
