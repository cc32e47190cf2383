"""Next-token prediction, scoring and sampling with a model."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import AnyTokenizer
from seqlm.errors import RequestError, SeqlmError
from seqlm.generation.sampler import SampledSequence, uniform_random
from seqlm.models.base import SequenceModel, State
from seqlm.models.sliding_window import with_sliding_window

_TOKENS_PER_PIECE = 512
_CANDIDATES_PER_PIECE = 8192  # sorting them takes a few milliseconds
_MAX_ROWS_PER_PIECE = 256


class Prediction(NamedTuple):
    """Next-token distribution after a prompt.

    Attributes:
        probabilities: V probabilities, by token id.
        surprisal: Surprisal in nats of each predicted token of the prompt.
        state: State of the model after the prompt.
    """

    probabilities: list[float]
    surprisal: list[float]
    state: State


class Generator:
    """Prediction, scoring and sampling with one model.

    Args:
        model: Model; calls switch it to evaluation mode and back to its previous mode.
        tokenizer: Tokenizer of the model's corpus.
        device: Device of the model.
    """

    def __init__(self, model: SequenceModel, tokenizer: AnyTokenizer, device: torch.device) -> None:
        self._model, self._tokenizer, self._device = model, tokenizer, device
        self._read = with_sliding_window(model)

    def prepare_input(self, prompt: Sequence[int]) -> list[int]:
        """Return the input ids of a prompt: the end token, if there is one, and the prompt.

        Raises:
            RequestError: The prompt is empty and there is no end token.
        """
        end_id = self._tokenizer.end_id
        if end_id is not None:
            return [end_id, *prompt]
        if not prompt:
            raise RequestError(
                "the prompt is empty, and this text has no end token to start from; give a prompt of"
                " at least one token",
                "",
            )
        return list(prompt)

    def predict(self, prompt: Sequence[int]) -> Prediction:
        """Return the next-token distribution after a prompt (ids without the first end token)."""
        *_, prediction = self.predict_in_pieces(prompt)
        return prediction

    def predict_in_pieces(self, prompt: Sequence[int]) -> Iterator[Prediction]:
        """Yield the next-token distribution after each piece of a prompt, the last after all of it."""
        ids = self.prepare_input(prompt)
        surprisal: list[float] = []
        state: State | None = None
        for start in range(0, len(ids), _TOKENS_PER_PIECE):
            piece = ids[start : start + _TOKENS_PER_PIECE]
            log_p, state = self._log_probabilities([piece], state)  # (1, T, V)
            following = ids[start + 1 : start + 1 + len(piece)]
            surprisal += [-float(log_p[0, t, token]) for t, token in enumerate(following)]
            yield Prediction(log_p[0, -1].exp().tolist(), surprisal, state)

    def score(self, ids: Sequence[int]) -> Iterator[list[float]]:
        """Yield the surprisal in nats of each target of a text, in pieces, in one pass.

        Args:
            ids: Token ids including end tokens. The first id is not a target.
        """
        state: State | None = None
        for start in range(0, len(ids) - 1, _TOKENS_PER_PIECE):
            piece = ids[start : start + _TOKENS_PER_PIECE + 1]
            log_p, state = self._log_probabilities([list(piece[:-1])], state)
            targets = torch.tensor(piece[1:])
            yield (-log_p[0].gather(1, targets[:, None])[:, 0]).tolist()

    def sample(
        self, prompt: Sequence[int], settings: SampleConfig, n_samples: int, length: int
    ) -> Iterator[list[SampledSequence]]:
        """Sample continuations of a prompt, and yield all samples after each step.

        Samples are processed in batches small enough for a step of a few milliseconds; each batch is
        completed before the next one starts. The random numbers of a sample depend only on
        ``settings.seed`` and its index, so more or longer samples do not change the other samples.

        Args:
            prompt: Token ids without the first end token.
            settings: Sampling settings.
            n_samples: Number of samples.
            length: Maximum number of tokens per sample.

        Yields:
            The samples so far, always the same list. A sample is complete after the end token.
        """
        samples = [SampledSequence([], [], [], []) for _ in range(n_samples)]
        for first in self.predict_in_pieces(prompt):
            yield samples
        n_rows = min(_MAX_ROWS_PER_PIECE, max(1, _CANDIDATES_PER_PIECE // self._tokenizer.n_vocab))
        for start in range(0, n_samples, n_rows):
            active = list(range(start, min(start + n_rows, n_samples)))
            for _ in self._extend_samples(samples, active, first, settings, length):
                yield samples

    def _extend_samples(
        self,
        samples: list[SampledSequence],
        active: list[int],
        first: Prediction,
        settings: SampleConfig,
        length: int,
    ) -> Iterator[None]:
        """Extend the samples ``active`` (indexes) by one token per step until they are complete."""
        rows = [first.probabilities] * len(active)
        state = tuple(part.expand(len(active), *part.shape[1:]) for part in first.state)
        for position in range(length):
            for row, index in enumerate(active):
                u = uniform_random(settings.seed, index, position)
                samples[index].append_sample(rows[row], settings, u)
            remaining = [
                row for row, i in enumerate(active) if samples[i].ids[-1] != self._tokenizer.end_id
            ]
            yield None
            if not remaining or position + 1 == length:
                return
            active = [active[row] for row in remaining]
            state = tuple(part[remaining] for part in state)
            log_p, state = self._log_probabilities([[samples[i].ids[-1]] for i in active], state)
            rows = log_p[:, -1].exp().tolist()

    @torch.inference_mode()
    def _log_probabilities(
        self, rows: list[list[int]], state: State | None
    ) -> tuple[Tensor, State]:
        was_training = self._model.training
        self._model.eval()
        try:
            logits, after = self._read(torch.tensor(rows, device=self._device), state)
        finally:
            self._model.train(was_training)
        log_p = logits.cpu().double().log_softmax(-1)  # (B, T, V); some devices have no float64
        if log_p.isnan().any():
            raise SeqlmError("these weights give NaN instead of probabilities: training diverged")
        return log_p, after
