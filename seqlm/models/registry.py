"""Registry of model families: builds a model from its configuration."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from seqlm.configuration.model_configs import (
    BigramConfig,
    BowConfig,
    ElmanConfig,
    GruConfig,
    LstmConfig,
    MlpConfig,
    ModelConfig,
    NgramConfig,
    RnnConfig,
    TransformerConfig,
    WaveNetConfig,
)
from seqlm.models.base import SequenceModel
from seqlm.models.bigram import Bigram
from seqlm.models.bow import BagOfWords
from seqlm.models.elman import Elman
from seqlm.models.mlp import Mlp
from seqlm.models.ngram import NgramModel
from seqlm.models.recurrent import Gru, Lstm, Rnn
from seqlm.models.transformer import Transformer
from seqlm.models.wavenet import WaveNet

_Builder: TypeAlias = Callable[[Any, int, int], SequenceModel]


def _without_fill_id(model: Callable[[Any, int], SequenceModel]) -> _Builder:
    """Return the builder of a family that does not use ``fill_id``."""
    return lambda config, n_vocab, _: model(config, n_vocab)


BUILDERS: dict[type[Any], _Builder] = {
    NgramConfig: NgramModel,
    BigramConfig: Bigram,
    MlpConfig: Mlp,
    BowConfig: _without_fill_id(BagOfWords),
    ElmanConfig: _without_fill_id(Elman),
    RnnConfig: _without_fill_id(Rnn),
    GruConfig: _without_fill_id(Gru),
    LstmConfig: _without_fill_id(Lstm),
    WaveNetConfig: WaveNet,
    TransformerConfig: _without_fill_id(Transformer),
}


def build(config: ModelConfig, n_vocab: int, fill_id: int, seed: int) -> SequenceModel:
    """Build a model; its initialization depends only on the configuration and the seed.

    Args:
        config: Family and sizes.
        n_vocab: V.
        fill_id: Id that fills a fixed context before the first token (see ``FixedContextModel``).
        seed: Seed of the initialization. The global generator of PyTorch is left unchanged.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BUILDERS[type(config)](config, n_vocab, fill_id)
