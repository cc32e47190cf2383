import math

import pytest
import torch
from msgspec.structs import replace
from torch.nn.functional import cross_entropy

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import (
    LstmConfig,
    MlpConfig,
    ModelConfig,
    NgramConfig,
    TransformerConfig,
)
from seqlm.configuration.run_config import RunConfig, TrainConfig
from seqlm.data.batches import ChunkBatches, ItemBatches, WindowBatches
from seqlm.data.prepared_text import PreparedText, prepare_corpus
from seqlm.errors import RequestError
from seqlm.models.ngram import NgramModel
from seqlm.models.registry import build
from seqlm.training import train_step as train_step_module
from seqlm.training.live_settings import LiveSettings
from seqlm.training.train_step import make_batches, make_train_step, n_targets

CPU = torch.device("cpu")
SETTINGS = LiveSettings.from_config(TrainConfig())


def config_of(example: str = "auto", **train: object) -> RunConfig:
    made = TrainConfig(example=example, batch=8, chunk=16, **train)  # type: ignore[arg-type]
    return RunConfig(preset="x", model=MlpConfig(context=3, embedding=4, hidden=8), train=made)


def test_a_step_is_plain_gradient_descent(names: PreparedText) -> None:
    config = config_of("window")
    model = build(config.model, names.tokenizer.n_vocab, names.fill_id, 0)
    twin = build(config.model, names.tokenizer.n_vocab, names.fill_id, 0)
    train_step = make_train_step(config, names, model, CPU)
    batch = make_batches(config, names, names.sequences("train"), 3).at(0)
    loss, n_targets = train_step.step(0, SETTINGS, 0.1)
    assert n_targets == 8

    # Only the windows' targets, through the call that every family has.
    logits, _ = twin(batch.tokens[:, -1:], (batch.tokens[:, :-1],))
    expected = cross_entropy(logits[:, 0], batch.targets[:, 0])
    expected.backward()  # type: ignore[no-untyped-call]
    assert float(loss) == pytest.approx(float(expected.detach()), abs=1e-6)
    for moved, start in zip(model.parameters(), twin.parameters(), strict=True):
        assert start.grad is not None
        torch.testing.assert_close(moved, start - 0.1 * start.grad)


@pytest.mark.parametrize("by", ["norm", "value"])
def test_a_gradient_is_clipped_by_norm_or_by_value(names: PreparedText, by: str) -> None:
    config = config_of("window", clip_by=by)
    model = build(config.model, names.tokenizer.n_vocab, names.fill_id, 0)
    twin = build(config.model, names.tokenizer.n_vocab, names.fill_id, 0)
    settings = replace(SETTINGS, clip=0.01)
    make_train_step(config, names, model, CPU).step(0, settings, 1.0)
    moved = [new - old for new, old in zip(model.parameters(), twin.parameters(), strict=True)]
    flat = torch.cat([part.detach().flatten() for part in moved])
    assert float(flat.norm() if by == "norm" else flat.abs().max()) == pytest.approx(0.01, abs=1e-4)


@pytest.mark.parametrize("example", ["window", "item", "chunk"])
@pytest.mark.parametrize("order", ["shuffle", "replacement"])
def test_batch_all_has_every_example_in_each_step(
    names: PreparedText, example: str, order: str
) -> None:
    config = config_of(example, order=order, carry_state=False)
    config = replace(config, train=replace(config.train, batch=None))
    sequences = names.sequences("train")
    batches = make_batches(config, names, sequences, 3)
    assert batches.steps_per_epoch == 1
    n_all = sum(len(sequence) - 1 for sequence in sequences)
    for step in range(3):
        n = n_targets(batches.at(step))
        assert n == (n_all - n_all % 16 if example == "chunk" else n_all)


def test_batch_all_of_a_stream_has_carried_rows(stream: PreparedText) -> None:
    config = config_of("chunk")
    config = replace(config, train=replace(config.train, batch=None))
    batches = make_batches(config, stream, stream.sequences("train"), None)
    n_all = sum(len(sequence) - 1 for sequence in stream.sequences("train"))
    first, second = batches.at(0), batches.at(1)
    assert first.targets.numel() > n_all - 16
    assert torch.equal(first.tokens, second.tokens)
    assert not second.continues_previous


def test_batch_all_of_a_large_corpus_is_rejected(
    names: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_step_module, "_MAX_BATCH_TOKENS", 100)
    config = config_of("window")
    config = replace(config, train=replace(config.train, batch=None))
    with pytest.raises(RequestError, match=r"train\.batch=all reads .* allowed: up to 100:"):
        make_batches(config, names, names.sequences("train"), 3)


def test_full_batch_gradient_descent_never_increases_the_loss(names: PreparedText) -> None:
    config = config_of("window")
    config = replace(config, train=replace(config.train, batch=None))
    model = build(config.model, names.tokenizer.n_vocab, names.fill_id, 0)
    train_step = make_train_step(config, names, model, CPU)
    losses = [float(train_step.step(index, SETTINGS, 0.05)[0]) for index in range(20)]
    assert losses == sorted(losses, reverse=True)


def test_one_batch_uses_the_first_batch_in_every_step(names: PreparedText) -> None:
    """A working model overfits one batch: the loss falls far below what many batches allow."""
    config = config_of("window", one_batch=True, optimizer="adamw")
    model = build(config.model, names.tokenizer.n_vocab, names.fill_id, 0)
    train_step = make_train_step(config, names, model, CPU)
    batch = make_batches(config, names, names.sequences("train"), 3).at(0)
    losses = [float(train_step.step(index, SETTINGS, 0.01)[0]) for index in range(200)]
    assert losses[-1] < 0.5 < losses[0]
    with torch.no_grad():
        logits = model.predict(batch.tokens)  # type: ignore[operator]
    assert float(cross_entropy(logits, batch.targets[:, 0])) < 0.5


def test_the_state_is_carried_from_chunk_to_chunk_without_its_gradient(
    stream: PreparedText,
) -> None:
    lstm = LstmConfig(embedding=4, hidden=8)
    losses = {}
    for carry in (True, False):
        config = RunConfig(
            preset="x", model=lstm, train=config_of("chunk", carry_state=carry).train
        )
        model = build(lstm, stream.tokenizer.n_vocab, stream.fill_id, 0)
        train_step = make_train_step(config, stream, model, CPU)
        losses[carry] = [float(train_step.step(i, SETTINGS, 0.0)[0]) for i in range(2)]
        kept = [name for name in train_step.tensors() if name.startswith("carried")]
        assert kept == (["carried.0", "carried.1"] if carry else [])
        if carry:  # with a learning rate of 0, two chunks equal one text of twice the length
            batches = make_batches(config, stream, stream.sequences("train"), None)
            parts = [batches.at(0), batches.at(1)]
            logits, _ = model(torch.cat([part.tokens for part in parts], 1))
            wanted = torch.cat([part.targets for part in parts], 1)
            whole = cross_entropy(logits.flatten(0, 1), wanted.flatten()).item()
            assert sum(losses[True]) / 2 == pytest.approx(whole, abs=1e-5)


def test_a_model_with_max_tokens_starts_each_chunk_without_state(stream: PreparedText) -> None:
    transformer = TransformerConfig(max_tokens=16, width=8, heads=2)
    config = RunConfig(preset="x", model=transformer, train=config_of("chunk").train)
    model = build(transformer, stream.tokenizer.n_vocab, stream.fill_id, 0)
    train_step = make_train_step(config, stream, model, CPU)
    assert not make_batches(config, stream, stream.sequences("train"), None).carries_state
    assert all(torch.isfinite(train_step.step(i, SETTINGS, 0.1)[0]) for i in range(3))
    assert not any(name.startswith("carried") for name in train_step.tensors())


@pytest.mark.parametrize(
    ("which", "example", "max_tokens", "said"),
    [
        ("stream", "auto", 15, r"train\.chunk=16 is longer than model\.max_tokens=15"),
        ("names", "item", 4, r"item of 9 tokens is longer than .*max_tokens=4: .*example=chunk"),
    ],
)
def test_examples_longer_than_max_tokens_are_rejected(
    which: str, example: str, max_tokens: int, said: str, request: pytest.FixtureRequest
) -> None:
    text = request.getfixturevalue(which)
    model = TransformerConfig(max_tokens=max_tokens)
    config = RunConfig(preset="x", model=model, train=config_of(example).train)
    with pytest.raises(RequestError, match=said):
        make_batches(config, text, text.sequences("train"), None)


def test_a_context_longer_than_the_corpus_is_rejected(names: PreparedText) -> None:
    with pytest.raises(
        RequestError,
        match=r"model\.context=3 means a context of 3 tokens.* split has 2: use a smaller",
    ):
        make_batches(config_of("window"), names, [[1, 2]], 3)


@pytest.mark.parametrize(
    ("which", "context", "example", "kind"),
    [
        ("names", 3, "auto", WindowBatches),
        ("names", None, "auto", ItemBatches),
        ("stream", 3, "auto", WindowBatches),
        ("stream", None, "auto", ChunkBatches),
        ("names", None, "chunk", ChunkBatches),
        ("names", 3, "item", ItemBatches),
    ],
)
def test_the_kind_of_example_fits_model_and_corpus(
    which: str, context: int | None, example: str, kind: type, request: pytest.FixtureRequest
) -> None:
    text = request.getfixturevalue(which)
    batches = make_batches(config_of(example), text, text.sequences("train"), context)
    assert type(batches) is kind


def test_items_of_a_stream_are_rejected(stream: PreparedText) -> None:
    with pytest.raises(RequestError, match=r"a stream has no items: use train\.example=chunk"):
        make_batches(config_of("item"), stream, stream.sequences("train"), None)


def test_counting_reads_each_target_once(names: PreparedText) -> None:
    ngram = NgramConfig(order=2)
    model = build(ngram, names.tokenizer.n_vocab, names.fill_id, 0)
    config = RunConfig(preset="x", model=ngram)
    train_step = make_train_step(config, names, model, CPU)
    _, n_targets = train_step.step(0, SETTINGS, 0.1)
    assert n_targets == names.n_targets("train")
    assert int(model.get_buffer("counts").sum()) == n_targets
    train_step.step(1, SETTINGS, 0.1)
    assert int(model.get_buffer("counts").sum()) == n_targets


@pytest.mark.parametrize("family", [LstmConfig(), MlpConfig(context=4), NgramConfig(order=3)])
def test_only_the_last_token_is_trained_when_only_the_last_is_a_target(
    names: PreparedText, family: ModelConfig
) -> None:
    text = prepare_corpus(names.corpus, DataConfig(targets="last"))
    config = RunConfig(preset="x", model=family, train=config_of().train)
    model = build(family, text.tokenizer.n_vocab, text.fill_id, 0)
    loss, n_targets = make_train_step(config, text, model, CPU).step(0, SETTINGS, 0.1)
    assert n_targets == (text.n_targets("train") if isinstance(model, NgramModel) else 8)
    assert float(loss) == pytest.approx(math.log(text.tokenizer.n_vocab), rel=0.3)
    if isinstance(model, NgramModel):
        assert int(model.counts.sum()) == len(text.items["train"])
