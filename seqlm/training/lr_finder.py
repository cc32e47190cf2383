"""Which learning rate fits: a short training on a copy, in which the rate grows from step to step.

After Smith 2017 (arXiv 1506.01186, section 3.3), with the rate growing by a factor instead of by
steps of one size. Nothing but the copy learns.
"""

import copy
from collections.abc import Iterator

import torch

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.data.batches import Batches
from seqlm.data.prepared_text import PreparedText
from seqlm.errors import RequestError
from seqlm.models.base import SequenceModel
from seqlm.models.registry import build
from seqlm.training.device import choose_device
from seqlm.training.live_settings import LiveSettings
from seqlm.training.lr_sweep import LrSweep
from seqlm.training.train_step import GradientTrainStep, make_batches


def raise_if_count_based(config: RunConfig) -> None:
    """Refuse a family that has no learning rate.

    Raises:
        RequestError: It learns by counting; names the family.
    """
    if config.model.learns_by_counting:
        kind = dotted_keys.kind_of(config.model)
        raise RequestError(
            f"model.kind={kind} learns by counting, in one pass: it has no learning rate to find",
            kind,
        )


def sweep_new(config: RunConfig, text: PreparedText) -> Iterator[LrSweep]:
    """Sweep a new model of this configuration; see :func:`sweep_copy`."""
    raise_if_count_based(config)
    torch.set_num_threads(config.train.threads)
    model = build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    device = choose_device(config.train.device, n_parameters)
    batches = train_batches(config, text, model)
    settings = LiveSettings.from_config(config.train)
    yield from sweep_copy(config, model.to(device), batches, device, settings)


def train_batches(config: RunConfig, text: PreparedText, model: SequenceModel) -> Batches:
    """The batches that this configuration trains on."""
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
    """Train a copy of a model while the learning rate grows; what was found so far, step by step.

    The copy has an optimizer of its own without a past, and its dropout draws from a generator of
    its own: model, batches and torch's generators are left as they were. It can be given up at any
    step.

    Args:
        config: How to train.
        model: Copied before the first step; it must have no gradients.
        batches: What the copy is fed.
        device: Where the model is.
        settings: Live settings; the same at every step.
        first_step: Whose batch is the first.

    Raises:
        RequestError: The family learns by counting.
    """
    raise_if_count_based(config)
    learner = GradientTrainStep(copy.deepcopy(model), batches, config, device)
    own = _OwnGenerators(config.seed, device)
    sweep = LrSweep()
    while not sweep.is_over:
        with own:
            loss, _ = learner.step(
                first_step + len(sweep.losses), settings, sweep.rate_of(len(sweep.losses))
            )
        sweep = sweep.with_loss(float(loss))
        yield sweep


class _OwnGenerators:
    """Within it torch draws from generators that nothing else draws from."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device if device.type == "cuda" else None
        with torch.random.fork_rng(devices=[self._device] if self._device else []):
            torch.manual_seed(seed)
            self._own = self._states()

    def __enter__(self) -> None:
        self._outer = self._states()
        self._take(self._own)

    def __exit__(self, *_: object) -> None:
        self._own = self._states()
        self._take(self._outer)

    def _states(self) -> list[torch.Tensor]:
        states = [torch.get_rng_state()]
        return [*states, torch.cuda.get_rng_state(self._device)] if self._device else states

    def _take(self, states: list[torch.Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self._device:
            torch.cuda.set_rng_state(states[1], self._device)
