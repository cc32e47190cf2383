"""An unknown setting is answered with the name of the setting that was meant."""

import re

import pytest

from seqlm.configuration import dotted_keys
from seqlm.configuration.foreign_names import _FOREIGN_NAMES, normalize_name
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.run_config import RunConfig
from seqlm.errors import RequestError


def answer_to(key: str, kind: str) -> str:
    config = RunConfig(preset="", model=FAMILIES[kind]())  # type: ignore[arg-type]
    with pytest.raises(RequestError) as refused:
        dotted_keys.find(config, key)
    return str(refused.value)


EVERYWHERE = {
    "lr": "train.learning_rate",
    "train.lr": "train.learning_rate",
    "model.lr": "train.learning_rate",
    "learning_rate": "train.learning_rate",
    "Train.learningRate": "train.learning_rate",
    "batch_size": "train.batch",
    "--batch-size": "train.batch",
    "epochs": "train.steps",
    "max_iters": "train.steps",
    "grad_clip": "train.clip",
    "optim": "train.optimizer",
    "wd": "train.weight_decay",
    "eval_interval": "train.evaluate_every",
    "dataset": "data.corpus",
    "temp": "sample.temperature",
    "model.type": "model.kind",
    "train.seed": "sample.seed or seed",
}


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("foreign", EVERYWHERE)
def test_a_name_of_another_library_is_answered_with_ours(foreign: str, kind: str) -> None:
    said = answer_to(foreign, kind)
    assert said.startswith(f"{foreign!r} is not a setting")
    assert f"; use {EVERYWHERE[foreign]}" in said
    assert "Nearest" not in said


@pytest.mark.parametrize(
    ("foreign", "kind", "words"),
    [
        ("n_layer", "mlp", "; use model.layers (number of hidden layers"),
        ("num_layers", "elman", "; model.layers is a setting of mlp, bow, rnn"),
        ("n_head", "transformer", "; use model.heads ("),
        ("n_head", "mlp", "; model.heads is a setting of transformer (model.kind)"),
        ("n_embd", "mlp", "; use model.embedding ("),
        ("n_embd", "transformer", "; use model.width ("),
        ("hidden_size", "gru", "; use model.hidden ("),
        ("hidden_size", "transformer", "; use model.width ("),
        ("d_ff", "transformer", "; use model.hidden ("),
        ("hidden_size", "ngram", "; model.hidden is a setting of mlp"),
        ("block_size", "mlp", "; use model.context ("),
        ("block_size", "transformer", "; use model.max_tokens ("),
        ("model.context", "transformer", " of transformer; use model.max_tokens ("),
        ("block_size", "wavenet", "; use model.layers ("),
        ("block_size", "ngram", "; use model.order ("),
        ("block_size", "bigram", "; a bigram model always sees 1 token"),
        ("model.context", "lstm", " of lstm: an LSTM has no fixed context; train.chunk is"),
        ("block_size", "lstm", ": an LSTM has no fixed context; train.chunk is"),
        ("seq_len", "bow", ": a bag of words has no fixed context"),
        ("model.order", "mlp", " of mlp; it is a setting of ngram (model.kind)"),
        ("model.heads", "lstm", " of lstm; it is a setting of transformer (model.kind)"),
        ("epochs", "mlp", "(one epoch is the number of training examples divided by train.batch)"),
        ("model.hiden", "mlp", " of mlp. Nearest: model.hidden. All settings: seqlm presets NAME"),
        ("train.lrr", "mlp", "'train.lrr' is not a setting. All settings: seqlm presets NAME"),
    ],
)
def test_the_answer_depends_on_the_model(foreign: str, kind: str, words: str) -> None:
    assert words in answer_to(foreign, kind)


@pytest.mark.parametrize("key", ["", "=", ".", "...", "é", "\x1b[31m", "a" * 100_000, "\udcff"])
@pytest.mark.parametrize("kind", FAMILIES)
def test_any_key_is_answered_in_one_short_line(key: str, kind: str) -> None:
    said = answer_to(key, kind)
    assert len(said) < 200
    assert said.isprintable()


def test_each_foreign_name_has_one_meaning_and_each_meaning_exists() -> None:
    names = [name for words in _FOREIGN_NAMES.values() for name in words.split()]
    assert len(set(names)) == len(names)
    assert names == [normalize_name(name) for name in names]
    ours = {
        setting.key
        for family in FAMILIES.values()
        for setting in dotted_keys.settings_of(RunConfig(preset="", model=family()))  # type: ignore[arg-type]
    }
    assert {key for keys in _FOREIGN_NAMES for key in keys} <= ours


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_named_setting_exists_in_the_model(kind: str) -> None:
    config = RunConfig(preset="", model=FAMILIES[kind]())  # type: ignore[arg-type]
    known = {setting.key for setting in dotted_keys.settings_of(config)}
    for foreign in " ".join(_FOREIGN_NAMES.values()).split():
        if foreign not in {normalize_name(key) for key in known}:
            found = re.search(r"; use (\S+)", answer_to(foreign, kind))
            assert found is None or found[1] in known
