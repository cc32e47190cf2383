"""Fit of a configuration to a user's own text: split, sizes, batch and chunk that were not given."""

from collections.abc import Iterable

from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig, example_of
from seqlm.data.corpus import Corpus
from seqlm.data.notes import count
from seqlm.data.prepared_text import prepare_corpus
from seqlm.data.split import parse_shares
from seqlm.presets import own_text
from seqlm.presets.own_text import TextSize
from seqlm.runspec import recipe

_MEASURED = 200_000  # characters of a long text from which its size is estimated


def keys_of(words: Iterable[str]) -> frozenset[str]:
    """Return the keys of settings as they are typed: ``KEY=VALUE`` or ``KEY=VALUE@STEP``."""
    return frozenset(word.partition("=")[0] for word in words)


def fit_to_text(config: RunConfig, corpus: Corpus, given: frozenset[str]) -> tuple[RunConfig, str]:
    """Return a configuration whose settings fit a text, and a line that names them.

    Args:
        config: The preset for own text, with the settings that the user gave.
        corpus: The text.
        given: Keys of the settings that the user gave; they stay as they are.

    Raises:
        RequestError: The text has too few tokens, or cannot be split as the user wants.
    """
    config = _with_split(config, corpus, given)
    size = _measure(config, corpus)
    fitted = own_text.model_settings_for(size, is_list=corpus.mode == "lines")
    for key, value in (fitted | _examples(config, corpus, size, given)).items():
        if _applies(config, key, given):
            config = dotted_keys.with_value(config, key, value)
    dotted_keys.check(config)
    return config, _note(config, corpus, size, given)


def _with_split(config: RunConfig, corpus: Corpus, given: frozenset[str]) -> RunConfig:
    """Return the configuration with a split that the text has enough lines or tokens for."""
    if "data.split" in given or len(corpus.text) > _MEASURED:
        return config
    whole = prepare_corpus(corpus, replace(config.data, split=own_text.UNSPLIT))
    is_list = corpus.mode == "lines"
    n = len(whole.items["train"]) if is_list else whole.n_tokens("train")
    split = own_text.split_for(n, is_list=is_list)
    return dotted_keys.with_value(config, "data.split", split)


def _measure(config: RunConfig, corpus: Corpus) -> TextSize:
    """Return the size of the training part; of a long text, estimated from its beginning."""
    data, scale = config.data, 1.0
    if len(corpus.text) > _MEASURED:
        scale = len(corpus.text) / _MEASURED * parse_shares(data.split)[0] / 100
        end = corpus.text.rfind("\n", 1, _MEASURED) + 1 or _MEASURED
        corpus = replace(corpus, text=corpus.text[:end])
        data = replace(data, split=own_text.UNSPLIT)
    prepared = prepare_corpus(corpus, data)
    kind = example_of(config.train, config.model.context, corpus.mode)
    n_targets, n_items = prepared.n_targets("train"), len(prepared.items["train"])
    return TextSize(
        n_targets=int(scale * n_targets),
        n_examples=int(scale * (n_items if kind == "item" else n_targets)),
        n_vocab=prepared.tokenizer.n_vocab,
    )


def _examples(
    config: RunConfig, corpus: Corpus, size: TextSize, given: frozenset[str]
) -> dict[str, int]:
    """Return the batch size, and the chunk length of a stream."""
    train = config.train
    if example_of(train, config.model.context, corpus.mode) != "chunk":
        return {"train.batch": own_text.batch_for(size.n_examples, train.batch or 1)}
    keys = "train.batch", "train.chunk"
    return own_text.chunks_for(
        size.n_targets,
        size.n_vocab,
        {key: dotted_keys.value_of(config, key) for key in keys if key in given},
    )


def _applies(config: RunConfig, key: str, given: frozenset[str]) -> bool:
    """Return whether a fitted setting belongs to the model: another family has sizes of its own."""
    is_other_family = "model.kind" in given and key.startswith("model.")
    is_trained = not config.model.learns_by_counting
    return key not in given and is_trained and not is_other_family


def _note(config: RunConfig, corpus: Corpus, size: TextSize, given: frozenset[str]) -> str:
    """Return a line that names the settings chosen for a text."""
    keys = sorted(recipe.named(config) - given - {"data.corpus"}, key=_key_order)
    chosen = (
        f"{key}={dotted_keys.find(config, key).format(dotted_keys.value_of(config, key))}"
        for key in keys
    )
    about = "about " if len(corpus.text) > _MEASURED else ""
    unsplit = (
        "; no validation: the text is too short to split" if _is_unsplit(config, given) else ""
    )
    words = " ".join([config.preset, *chosen])
    slow = "; the vocabulary makes each step slow" if own_text.is_large_vocab(size.n_vocab) else ""
    tokens = f"{about}{count(size.n_targets, 'training token')}, vocabulary {size.n_vocab:,}"
    return f"fitted to {corpus.name} ({tokens}): {words}{unsplit}{slow}"


def _is_unsplit(config: RunConfig, given: frozenset[str]) -> bool:
    return "data.split" not in given and config.data.split == own_text.UNSPLIT


def _key_order(key: str) -> tuple[int, str]:
    return ("data", "model", "train").index(key.partition(".")[0]), key
