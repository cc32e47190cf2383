"""The one place where a configuration becomes a model. A new family is one line here."""

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


def _unfilled(model: Callable[[Any, int], SequenceModel]) -> _Builder:
    """The builder of a family in which nothing needs to be filled before the first token."""
    return lambda config, n_vocab, _: model(config, n_vocab)


BUILDERS: dict[type[Any], _Builder] = {
    NgramConfig: NgramModel,
    BigramConfig: Bigram,
    MlpConfig: Mlp,
    BowConfig: _unfilled(BagOfWords),
    ElmanConfig: _unfilled(Elman),
    RnnConfig: _unfilled(Rnn),
    GruConfig: _unfilled(Gru),
    LstmConfig: _unfilled(Lstm),
    WaveNetConfig: WaveNet,
    TransformerConfig: _unfilled(Transformer),
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
