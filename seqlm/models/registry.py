"""The one place where a configuration becomes a model. A new family is one line here."""

from collections.abc import Callable
from typing import Any

import torch

from seqlm.families import ElmanConfig, LstmConfig, MlpConfig, ModelConfig, NgramConfig
from seqlm.models.base import SequenceModel
from seqlm.models.elman import Elman
from seqlm.models.mlp import Mlp
from seqlm.models.ngram import NgramModel
from seqlm.models.recurrent import Lstm

BUILDERS: dict[type[Any], Callable[[Any, int, int], SequenceModel]] = {
    NgramConfig: NgramModel,
    MlpConfig: Mlp,
    ElmanConfig: lambda config, n_vocab, _: Elman(config, n_vocab),
    LstmConfig: lambda config, n_vocab, _: Lstm(config, n_vocab),
}


def build(config: ModelConfig, n_vocab: int, fill_id: int, seed: int) -> SequenceModel:
    """A new model with its first weights, which ``seed`` alone decides.

    Args:
        config: The family and its sizes.
        n_vocab: V.
        fill_id: What fills a fixed context before the first token (see ``FixedContextModel``).
        seed: For torch's generator, which is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BUILDERS[type(config)](config, n_vocab, fill_id)
