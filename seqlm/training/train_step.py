"""One training step: gradient descent, or counting for count-based models."""

from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import RunConfig, TrainConfig, example_of
from seqlm.data.batches import IGNORED, Batch, Batches, ChunkBatches, ItemBatches, WindowBatches
from seqlm.data.prepared_text import PreparedText
from seqlm.errors import RequestError
from seqlm.models.base import CountedModel, FixedContextModel, SequenceModel, State
from seqlm.training.live_settings import LiveSettings
from seqlm.training.optimizer import make_optimizer

_MAX_BATCH_TOKENS = 1_000_000


class TrainStep(ABC):
    """Training step that changes a model.

    Attributes:
        model: The model.
        batches: Batches of the steps; None if one step reads the whole training split.
    """

    model: SequenceModel
    batches: Batches | None = None

    @abstractmethod
    def step(self, index: int, settings: LiveSettings, learning_rate: float) -> tuple[Tensor, int]:
        """Do one step.

        Args:
            index: Number of the step, counted from 0.
            settings: Current live settings.
            learning_rate: Learning rate of this step, after the schedule.

        Returns:
            The loss of the batch before the update (detached scalar on the model's device), and the
            number of targets in the batch.
        """

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that a checkpoint needs beside the model's weights."""

    @abstractmethod
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the tensors that :meth:`tensors` returned."""


class GradientTrainStep(TrainStep):
    """Gradient descent on mini-batches."""

    batches: Batches

    def __init__(
        self, model: SequenceModel, batches: Batches, config: RunConfig, device: torch.device
    ) -> None:
        self.model = model.to(device)
        self.batches = batches
        self._device, self._train = device, config.train
        self.model.train()
        self._parameters = list(model.parameters())
        self._optimizer = make_optimizer(config.train, self._parameters)
        self._carried_state: State | None = None

    def step(self, index: int, settings: LiveSettings, learning_rate: float) -> tuple[Tensor, int]:
        """Run forward pass, backward pass and update."""
        batch = self.batches.at(0 if self._train.one_batch else index)
        loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if settings.clip is not None:
            clip = clip_grad_value_ if self._train.clip_by == "value" else clip_grad_norm_
            clip(self._parameters, settings.clip)
        self._optimizer.step(learning_rate, settings.weight_decay)
        for parameter in self._parameters:
            parameter.grad = None
        return loss.detach(), n_targets(batch)

    def _loss(self, batch: Batch) -> Tensor:
        tokens, targets = batch.tokens.to(self._device), batch.targets.to(self._device)
        if batch.is_windowed:
            logits = cast(FixedContextModel, self.model).predict(tokens)  # (B, V)
        else:
            logits, state = self.model(
                tokens, self._carried_state if batch.continues_previous else None
            )
            logits = logits.flatten(0, 1)  # (B * T, V)
            if self.batches.carries_state:
                self._carried_state = tuple(part.detach() for part in state)
        return cross_entropy(logits, targets.flatten(), ignore_index=IGNORED)

    def tensors(self) -> dict[str, Tensor]:
        """Return the state of the optimizer, the carried state, and the states of the generators."""
        tensors = {f"optimizer.{name}": part for name, part in self._optimizer.tensors().items()}
        tensors |= {
            f"carried.{index}": part for index, part in enumerate(self._carried_state or ())
        }
        tensors["generator.cpu"] = torch.get_rng_state()
        if self._device.type == "cuda":
            tensors["generator.cuda"] = torch.cuda.get_rng_state(self._device)
        return tensors

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the tensors that :meth:`tensors` returned."""
        self._optimizer.load(_with_prefix("optimizer.", tensors))
        carried = _with_prefix("carried.", tensors)
        self._carried_state = (
            tuple(carried[str(i)].to(self._device) for i in range(len(carried))) or None
        )
        torch.set_rng_state(tensors["generator.cpu"])
        if self._device.type == "cuda" and "generator.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["generator.cuda"], self._device)


class CountTrainStep(TrainStep):
    """Counting: the first step reads the whole training split; its loss is that of a uniform model."""

    def __init__(
        self, model: CountedModel, sequences: list[list[int]], *, only_last: bool = False
    ) -> None:
        self.model = model
        self._sequences = sequences
        self._only_last = only_last
        self._n_targets = sum(1 if only_last else len(sequence) - 1 for sequence in sequences)

    def step(self, index: int, settings: LiveSettings, learning_rate: float) -> tuple[Tensor, int]:
        """Count the training split in the first step; later steps change nothing."""
        loss = float(torch.tensor(self.model.n_vocab).log())
        if index == 0:
            cast(CountedModel, self.model).fit(self._sequences, only_last=self._only_last)
        return torch.tensor(loss), self._n_targets

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors: the counts are the weights."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore nothing."""


def make_train_step(
    config: RunConfig, text: PreparedText, model: SequenceModel, device: torch.device
) -> TrainStep:
    """Return the training step for this model: counting if it is count-based, else gradient descent."""
    sequences = [sequence for sequence in text.sequences("train") if len(sequence) > 1]
    if config.model.learns_by_counting:
        return CountTrainStep(cast(CountedModel, model), sequences, only_last=text.only_last)
    torch.manual_seed(config.seed)  # dropout uses torch's default generator
    batches = make_batches(config, text, sequences, model.context)
    return GradientTrainStep(model, batches, config, device)


def make_batches(
    config: RunConfig, text: PreparedText, sequences: list[list[int]], context: int | None
) -> Batches:
    """Return the batches of a configuration.

    Args:
        config: The configuration; ``train.example=auto`` chooses by the model and the corpus.
        text: The prepared corpus.
        sequences: Token ids of each training sequence.
        context: Context length of the model, or None.

    Raises:
        RequestError: The batches do not fit the model or the corpus.
    """
    if config.train.batch is None:
        _raise_if_too_many_tokens(text.n_targets("train"))
    kind = example_of(config.train, context, text.corpus.mode)
    if kind == "window" and context is not None:
        return _window_batches(config, text, sequences, context)
    if kind == "chunk":
        return _chunk_batches(config, text, sequences)
    return _item_batches(config, text, sequences)


def _window_batches(
    config: RunConfig, text: PreparedText, sequences: list[list[int]], context: int
) -> Batches:
    train, n_windows = config.train, max(1, text.n_targets("train"))
    _raise_if_context_too_long(config.model, context, sequences)
    _raise_if_batch_too_large(train.batch, n_windows, "window")
    return WindowBatches(
        sequences,
        context,
        text.fill_id,
        train.batch or n_windows,
        config.seed,
        replacement=_samples_with_replacement(train),
        only_last=text.only_last,
    )


def _chunk_batches(config: RunConfig, text: PreparedText, sequences: list[list[int]]) -> Batches:
    dotted_keys.check_chunk_order(config)
    train, max_tokens = config.train, config.model.max_tokens
    _raise_if_example_too_long(
        f"train.chunk={train.chunk}", train.chunk, max_tokens, "use a shorter chunk"
    )
    batch = train.batch or max(1, text.n_targets("train") // train.chunk)
    carry, replacement = train.carry_state and max_tokens is None, _samples_with_replacement(train)
    return ChunkBatches(
        sequences, batch, train.chunk, config.seed, carry=carry, replacement=replacement
    )


def _item_batches(config: RunConfig, text: PreparedText, sequences: list[list[int]]) -> Batches:
    train, max_tokens = config.train, config.model.max_tokens
    if text.corpus.mode == "stream":
        raise RequestError(
            "train.example=item needs data.mode=lines; a stream has no items: use train.example=chunk",
            "item",
        )
    _raise_if_batch_too_large(train.batch, len(sequences), "item")
    longest = max((len(sequence) - 1 for sequence in sequences), default=0)
    _raise_if_example_too_long(
        f"an item of {longest:,} tokens", longest, max_tokens, "use train.example=chunk"
    )
    batch, replacement = train.batch or max(1, len(sequences)), _samples_with_replacement(train)
    return ItemBatches(
        sequences, batch, config.seed, replacement=replacement, only_last=text.only_last
    )


def _samples_with_replacement(train: TrainConfig) -> bool:
    """Return True if each batch is sampled from all examples, which a batch of all examples is not."""
    return train.order == "replacement" and train.batch is not None


def _raise_if_too_many_tokens(n_tokens: int) -> None:
    if n_tokens > _MAX_BATCH_TOKENS:
        raise RequestError(
            f"train.batch=all reads {n_tokens:,} tokens in each step; allowed: up to"
            f" {_MAX_BATCH_TOKENS:,}: use a number, or a smaller corpus",
            "all",
        )


def _raise_if_context_too_long(
    model: ModelConfig, context: int, sequences: list[list[int]]
) -> None:
    n_tokens = sum(map(len, sequences))
    if context > n_tokens:
        value = getattr(model, model.context_setting)
        raise RequestError(
            f"model.{model.context_setting}={value} means a context of {context:,} tokens, but the"
            f" training split has {n_tokens:,}: use a smaller value",
            value,
        )


def _raise_if_batch_too_large(batch: int | None, n_examples: int, unit: str) -> None:
    if batch is not None and batch > n_examples:
        raise RequestError(
            f"train.batch={batch:,} is larger than the training split, which has {n_examples:,}"
            f" {unit}{'' if n_examples == 1 else 's'}: use {n_examples:,} or fewer",
            batch,
        )


def _raise_if_example_too_long(
    what: str, n_tokens: int, max_tokens: int | None, advice: str
) -> None:
    if max_tokens is not None and n_tokens > max_tokens:
        raise RequestError(
            f"{what} is longer than model.max_tokens={max_tokens}: increase model.max_tokens,"
            f" or {advice}",
            n_tokens,
        )


def n_targets(batch: Batch) -> int:
    """Return the number of targets of a batch, without ignored positions."""
    if batch.is_windowed or batch.continues_previous:
        return batch.targets.numel()
    return int((batch.targets != IGNORED).sum())


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
