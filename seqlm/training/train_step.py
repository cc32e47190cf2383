"""One step of learning: by gradient, or by counting."""

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

_MOST_AT_ONCE = 1_000_000


class TrainStep(ABC):
    """Changes a model step by step.

    Attributes:
        model: The model.
        batches: What the steps are fed; None where a step takes in the whole text.
    """

    model: SequenceModel
    batches: Batches | None = None

    @abstractmethod
    def step(self, index: int, settings: LiveSettings, learning_rate: float) -> tuple[Tensor, int]:
        """Do the step counted ``index`` from 0.

        Returns:
            The loss of its batch before the update (a scalar on the model's device, detached), and
            the number of targets in it.
        """

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What must be kept beside the weights to go on bit for bit."""

    @abstractmethod
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what :meth:`tensors` gave."""


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
        self._carried: State | None = None

    def step(self, index: int, settings: LiveSettings, learning_rate: float) -> tuple[Tensor, int]:
        """Forward, backward, update."""
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
            logits, after = self.model(tokens, self._carried if batch.continues_previous else None)
            logits = logits.flatten(0, 1)  # (B * T, V)
            if self.batches.carries_state:
                self._carried = tuple(part.detach() for part in after)
        return cross_entropy(logits, targets.flatten(), ignore_index=IGNORED)

    def tensors(self) -> dict[str, Tensor]:
        """Optimizer, carried state, and the generators that dropout draws from."""
        kept = {f"optimizer.{name}": part for name, part in self._optimizer.tensors().items()}
        kept |= {f"carried.{index}": part for index, part in enumerate(self._carried or ())}
        kept["generator.cpu"] = torch.get_rng_state()
        if self._device.type == "cuda":
            kept["generator.cuda"] = torch.cuda.get_rng_state(self._device)
        return kept

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what :meth:`tensors` gave."""
        self._optimizer.load(_below("optimizer.", tensors))
        carried = _below("carried.", tensors)
        self._carried = tuple(carried[str(i)].to(self._device) for i in range(len(carried))) or None
        torch.set_rng_state(tensors["generator.cpu"])
        if self._device.type == "cuda" and "generator.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["generator.cuda"], self._device)


class CountTrainStep(TrainStep):
    """Counting: one step reads the whole training split. Before it, every token is equally probable."""

    def __init__(
        self, model: CountedModel, sequences: list[list[int]], *, only_last: bool = False
    ) -> None:
        self.model = model
        self._sequences = sequences
        self._only_last = only_last
        self._n_targets = sum(1 if only_last else len(sequence) - 1 for sequence in sequences)

    def step(self, index: int, settings: LiveSettings, learning_rate: float) -> tuple[Tensor, int]:
        """Count everything; a further step counts the same again and changes nothing."""
        before = float(torch.tensor(self.model.n_vocab).log())
        if index == 0:
            cast(CountedModel, self.model).fit(self._sequences, only_last=self._only_last)
        return torch.tensor(before), self._n_targets

    def tensors(self) -> dict[str, Tensor]:
        """Nothing: the counts are the weights."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Nothing to take back."""


def make_train_step(
    config: RunConfig, text: PreparedText, model: SequenceModel, device: torch.device
) -> TrainStep:
    """The learner for this model: counts are counted, everything else goes by gradient."""
    sequences = [sequence for sequence in text.sequences("train") if len(sequence) > 1]
    if config.model.learns_by_counting:
        return CountTrainStep(cast(CountedModel, model), sequences, only_last=text.only_last)
    torch.manual_seed(config.seed)  # dropout draws from torch's own generator
    batches = make_batches(config, text, sequences, model.context)
    return GradientTrainStep(model, batches, config, device)


def make_batches(
    config: RunConfig, text: PreparedText, sequences: list[list[int]], context: int | None
) -> Batches:
    """The batches that the configuration asks for; ``auto`` fits the model and the corpus."""
    if config.train.batch is None:
        _refuse_too_many(text.n_targets("train"))
    kind = example_of(config.train, context, text.corpus.mode)
    if kind == "window" and context is not None:
        return _windows(config, text, sequences, context)
    if kind == "chunk":
        return _chunks(config, text, sequences)
    return _items(config, text, sequences)


def _windows(
    config: RunConfig, text: PreparedText, sequences: list[list[int]], context: int
) -> Batches:
    train, n_windows = config.train, max(1, text.n_targets("train"))
    _refuse_blind(config.model, context, sequences)
    _refuse_large(train.batch, n_windows, "window")
    return WindowBatches(
        sequences,
        context,
        text.fill_id,
        train.batch or n_windows,
        config.seed,
        replacement=_draws_anew(train),
        only_last=text.only_last,
    )


def _chunks(config: RunConfig, text: PreparedText, sequences: list[list[int]]) -> Batches:
    dotted_keys.check_drawn_chunks(config)
    train, max_tokens = config.train, config.model.max_tokens
    _refuse_long(f"train.chunk={train.chunk}", train.chunk, max_tokens, "take a shorter chunk")
    batch = train.batch or max(1, text.n_targets("train") // train.chunk)
    carry, replacement = train.carry_state and max_tokens is None, _draws_anew(train)
    return ChunkBatches(
        sequences, batch, train.chunk, config.seed, carry=carry, replacement=replacement
    )


def _items(config: RunConfig, text: PreparedText, sequences: list[list[int]]) -> Batches:
    train, max_tokens = config.train, config.model.max_tokens
    if text.corpus.mode == "stream":
        raise RequestError(
            "train.example=item needs lines; a stream has no items: take chunk", "item"
        )
    _refuse_large(train.batch, len(sequences), "item")
    longest = max((len(sequence) - 1 for sequence in sequences), default=0)
    _refuse_long(f"an item of {longest:,} tokens", longest, max_tokens, "take train.example=chunk")
    batch, replacement = train.batch or max(1, len(sequences)), _draws_anew(train)
    return ItemBatches(
        sequences, batch, config.seed, replacement=replacement, only_last=text.only_last
    )


def _draws_anew(train: TrainConfig) -> bool:
    """Whether each batch is drawn from all examples; where it is all of them, nothing is drawn."""
    return train.order == "replacement" and train.batch is not None


def _refuse_too_many(n_tokens: int) -> None:
    if n_tokens > _MOST_AT_ONCE:
        raise RequestError(
            f"train.batch=all would read {n_tokens:,} tokens in each step; {_MOST_AT_ONCE:,} are"
            " the most: take a number, or a smaller text",
            "all",
        )


def _refuse_blind(model: ModelConfig, context: int, sequences: list[list[int]]) -> None:
    n_tokens = sum(map(len, sequences))
    if context > n_tokens:
        value = getattr(model, model.sees_by)
        raise RequestError(
            f"model.{model.sees_by}={value} sees {context:,} tokens, and the training split has"
            f" {n_tokens:,}: take less",
            value,
        )


def _refuse_large(batch: int | None, n_examples: int, unit: str) -> None:
    if batch is not None and batch > n_examples:
        raise RequestError(
            f"train.batch={batch:,} is larger than the training split, which has {n_examples:,}"
            f" {unit}{'' if n_examples == 1 else 's'}: take {n_examples:,} or fewer",
            batch,
        )


def _refuse_long(what: str, n_tokens: int, max_tokens: int | None, advice: str) -> None:
    if max_tokens is not None and n_tokens > max_tokens:
        raise RequestError(
            f"{what} is longer than model.max_tokens={max_tokens}: raise that, or {advice}",
            n_tokens,
        )


def n_targets(batch: Batch) -> int:
    """The targets of a batch that count."""
    if batch.is_windowed or batch.continues_previous:
        return batch.targets.numel()
    return int((batch.targets != IGNORED).sum())


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
