"""Model snapshots: the models that queries read, in the live weights or in saved ones."""

import copy
from collections import deque
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from seqlm.configuration.run_config import RunConfig
from seqlm.data.batches import Batch
from seqlm.data.prepared_text import PreparedText
from seqlm.errors import SeqlmError
from seqlm.generation.generator import Generator
from seqlm.models.base import SequenceModel
from seqlm.models.memory import raise_if_weights_too_large
from seqlm.models.registry import build
from seqlm.runs.checkpoint import CheckpointStore
from seqlm.runs.early_checks import POINTERS, unknown_weights
from seqlm.runspec.baselines import answers_with_best_weights
from seqlm.training.train_step import make_batches
from seqlm.training.trainer import Trainer

_CPU = torch.device("cpu")
_MAX_LIVE_COPIES, _MAX_LIVE_PARAMETERS = 16, 4_000_000
_MISMATCH = "the checkpoint does not match the configuration of the run"


class ModelSnapshot(NamedTuple):
    """A model with the weights of one step.

    Attributes:
        model: The model; its weights do not change while a query reads it.
        step: The step of the weights.
        text: The prepared corpus of the run.
        device: Device of the weights.
    """

    model: SequenceModel
    step: int
    text: PreparedText
    device: torch.device

    @property
    def generator(self) -> Generator:
        """Generator that predicts and samples with this model."""
        return Generator(self.model, self.text.tokenizer, self.device)


class ModelSnapshots:
    """Snapshots of one run by name: ``live``, ``best``, ``latest``, or the number of a step.

    A step is available if its weights are saved, or if ``live`` meant that step a moment ago.

    Args:
        config: The run's configuration.
        text: The prepared corpus of the run.
        checkpoints_path: Directory of the run's checkpoints.
    """

    def __init__(self, config: RunConfig, text: PreparedText, checkpoints_path: Path) -> None:
        self.config, self.text = config, text
        self._checkpoints = CheckpointStore(checkpoints_path)
        self._saved: tuple[str, ModelSnapshot] | None = None
        self._live_copies: deque[ModelSnapshot] = deque()
        self._frozen: ModelSnapshot | None = None

    @cached_property
    def first_batch(self) -> Batch:
        """The batch of the first step: of a run with ``train.one_batch``, the only one."""
        sequences = self.text.sequences("train")
        return make_batches(self.config, self.text, sequences, self.config.model.context).at(0)

    def find(self, weights: str, trainer: Trainer | None) -> ModelSnapshot:
        """Return the snapshot that a query names.

        Args:
            weights: Name of the weights. Without a trainer, ``live`` means the latest checkpoint,
                or the best one of a run with early stopping.
            trainer: The trainer of the run, if the run is training.

        Raises:
            RequestError: No such weights are saved; the message lists the saved ones.
            SeqlmError: The checkpoint is damaged or belongs to another configuration.
        """
        if trainer is not None and weights == "live":
            return self._copy_live(trainer)
        copied = self._find_live_copy(weights)
        if copied is not None:
            return copied
        name = self._checkpoint_name(weights)
        if self._saved is None or self._saved[0] != name:
            tokenizer = self.text.tokenizer
            raise_if_weights_too_large(
                self.config.model, tokenizer.n_vocab, tokenizer.end_id is not None
            )
            with torch.device("meta"):  # names, types and shapes without allocating memory
                expected = self._build_model().state_dict()
            loaded = self._checkpoints.load(name, expected)
            model = self._load_model(loaded.weights)
            self._saved = (name, ModelSnapshot(model, loaded.metadata.step, self.text, _CPU))
        return self._saved[1]

    def _checkpoint_name(self, weights: str) -> str:
        """Return the name of the checkpoint that a name of weights means."""
        name = self._weights_after_end if weights == "live" else weights
        if name in POINTERS:
            return self._checkpoints.resolve(name)
        steps = [str(step) for step in self._checkpoints.steps()]
        if name in steps:
            return f"step-{name}"
        pointers = [pointer for pointer in POINTERS if self._checkpoints.has(pointer)]
        raise unknown_weights(weights, [*pointers, *steps])

    @property
    def _weights_after_end(self) -> str:
        """The weights that answer without a trainer: with early stopping, the best ones."""
        is_best = answers_with_best_weights(self.config) and self._checkpoints.has("best")
        return "best" if is_best else "latest"

    def _copy_live(self, trainer: Trainer) -> ModelSnapshot:
        """Copy the current weights, so that training steps during a long answer do not change it."""
        if not trainer.n_parameters:  # counts are replaced as a whole, never changed in place
            return ModelSnapshot(trainer.model, trainer.step, self.text, trainer.device)
        if not self._live_copies or self._live_copies[-1].step != trainer.step:
            model = copy.deepcopy(trainer.model).eval()
            self._live_copies.append(ModelSnapshot(model, trainer.step, self.text, trainer.device))
            n_kept = min(_MAX_LIVE_COPIES, _MAX_LIVE_PARAMETERS // trainer.n_parameters)
            while len(self._live_copies) > max(1, n_kept):
                self._live_copies.popleft()
        return self._live_copies[-1]

    def _find_live_copy(self, weights: str) -> ModelSnapshot | None:
        """Return a recent copy of the live weights by its step.

        A screen that is frozen at a step while training continues names that step in every query.
        The copy that was requested last is therefore kept; the others make room for newer ones.
        """
        copies = (*self._live_copies, *([self._frozen] if self._frozen else []))
        found = next((snapshot for snapshot in copies if str(snapshot.step) == weights), None)
        self._frozen = found or self._frozen
        return found

    def _load_model(self, weights: dict[str, Tensor]) -> SequenceModel:
        model = self._build_model()
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise SeqlmError(_MISMATCH) from error
        return model.eval()

    def _build_model(self) -> SequenceModel:
        config, text = self.config, self.text
        return build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)
