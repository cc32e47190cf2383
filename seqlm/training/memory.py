"""Memory that a training needs, estimated from its configuration and the size of its text."""

from seqlm.configuration.model_base import count_parameters
from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import RunConfig, example_of
from seqlm.data.prepared_text import PreparedText
from seqlm.models.memory import FLOAT_BYTES, raise_if_too_large

_COPIES = 4  # weights, gradients, best weights, and a copy for queries or a checkpoint
_OPTIMIZER_COPIES = {"sgd": 0, "adam": 2, "adamw": 2}
_LOGITS_COPIES = 3  # logits, their log-softmax, and its gradient
_ACTIVATIONS = 16  # values kept per unit of a layer and position, for the backward pass


def raise_if_training_too_large(config: RunConfig, text: PreparedText) -> None:
    """Raise RequestError if a training needs more memory than this machine has.

    Args:
        config: The configuration of the run.
        text: The prepared corpus.
    """
    if config.model.learns_by_counting:
        return
    n_parameters = count_parameters(
        config.model, text.tokenizer.n_vocab, text.tokenizer.end_id is not None
    )
    copies = _COPIES + _OPTIMIZER_COPIES[config.train.optimizer] + bool(config.train.momentum)
    weights = FLOAT_BYTES * copies * n_parameters
    batch = _batch_bytes(config, text)
    advice = "use a smaller train.batch" if batch > weights else "use a smaller model"
    raise_if_too_large(weights + batch, f"training {n_parameters:,} parameters", advice)


def _batch_bytes(config: RunConfig, text: PreparedText) -> int:
    """Return the size of the activations of one batch in bytes."""
    train, model = config.train, config.model
    kind = example_of(train, model.context, text.corpus.mode)
    n_items, n_targets = len(text.items["train"]), max(1, text.n_targets("train"))
    if kind == "window":
        n_positions = train.batch or n_targets
    elif kind == "chunk":
        n_positions = min(n_targets, train.batch * train.chunk) if train.batch else n_targets
    else:
        longest = max(map(len, text.items["train"]), default=0) + 1
        n_positions = min(train.batch or n_items, n_items) * longest
    n_vocab = text.tokenizer.n_vocab
    return FLOAT_BYTES * n_positions * (_LOGITS_COPIES * n_vocab + _units(model))


def _units(model: ModelConfig) -> int:
    """Return the number of values that the layers keep for one position."""
    sizes = {name: getattr(model, name, 0) for name in ("hidden", "width", "embedding", "layers")}
    width = max(sizes["hidden"], sizes["width"])
    inputs = (model.context or 1) * sizes["embedding"]
    return int(_ACTIVATIONS * width * max(1, sizes["layers"]) + inputs)
