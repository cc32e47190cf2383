import pytest
import torch
from torch.nn.functional import cross_entropy

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import ElmanConfig, LstmConfig, TransformerConfig
from seqlm.data.corpus import Corpus
from seqlm.data.prepared_text import PreparedText, prepare_corpus
from seqlm.data.tokenizer import Boundary, CharTokenizer
from seqlm.errors import RequestError
from seqlm.models.base import SequenceModel
from seqlm.models.registry import build
from seqlm.training import evaluate
from seqlm.training.device import choose_device
from seqlm.training.evaluate import EvalResult, SplitEvaluator

CPU = torch.device("cpu")


def model_for(text: PreparedText) -> SequenceModel:
    config = LstmConfig(embedding=4, hidden=8, dropout=0.5)
    return build(config, text.tokenizer.n_vocab, text.fill_id, 0).train()


def reference_result(model: SequenceModel, text: PreparedText) -> tuple[float, int, int]:
    """Evaluate each sequence of the validation split in a separate call."""
    model.eval()
    nats, n_correct, n_tokens = 0.0, 0, 0
    for sequence in text.sequences("val"):
        tokens = torch.tensor([sequence])
        logits, _ = model(tokens[:, :-1])
        targets = tokens[0, 1:]
        nats += float(cross_entropy(logits[0], targets, reduction="sum"))
        n_correct += int((logits[0].argmax(1) == targets).sum())
        n_tokens += len(targets)
    model.train()
    return nats / n_tokens, n_correct, n_tokens


@pytest.mark.parametrize("which", ["names", "stream"])
@torch.inference_mode()
def test_each_target_is_evaluated_once(which: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(which)
    model = model_for(text)
    result = SplitEvaluator(text, "val", CPU).evaluate(model)
    loss, n_correct, n_tokens = reference_result(model, text)
    assert result.loss == pytest.approx(loss, abs=1e-5)
    assert (result.n_correct, result.n_tokens) == (n_correct, n_tokens)
    assert n_tokens == text.n_targets("val")
    assert result.accuracy == n_correct / n_tokens


def test_a_long_stream_is_read_in_pieces_with_its_state_carried(
    stream: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_for(stream)
    whole = SplitEvaluator(stream, "train", CPU).evaluate(model)
    monkeypatch.setattr(evaluate, "_TOKENS_PER_PIECE", 7)
    evaluator = SplitEvaluator(stream, "train", CPU)
    assert "hidden state carried" in evaluator.protocol
    pieces = list(evaluator.run(model))
    assert len(pieces) == -(-whole.n_tokens // 7)
    assert pieces[-1].loss == pytest.approx(whole.loss, abs=1e-5)


@pytest.mark.parametrize("which", ["names", "stream"])
@pytest.mark.parametrize(("bound", "per_token"), [("_MAX_TOKENS", False), ("_MAX_LOGITS", True)])
@torch.inference_mode()
def test_a_batch_too_large_for_a_piece_is_read_in_parts_with_the_state_carried(
    which: str,
    bound: str,
    per_token: bool,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = request.getfixturevalue(which)
    monkeypatch.setattr(evaluate, bound, 5 * (text.tokenizer.n_vocab if per_token else 1))
    model = model_for(text)
    evaluator = SplitEvaluator(text, "val", CPU)
    result, pieces = evaluator.evaluate(model), list(evaluator._each_piece())
    assert max(piece.tokens.numel() for piece in pieces) == 5
    assert any(piece.continues_previous for piece in pieces)
    loss, n_correct, n_tokens = reference_result(model, text)
    assert result.loss == pytest.approx(loss, abs=1e-6)
    assert (result.n_correct, result.n_tokens) == (n_correct, n_tokens)


def test_a_row_in_parts_has_only_its_last_token_as_target(
    names: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = prepare_corpus(names.corpus, DataConfig(targets="last"))
    model = model_for(text)
    whole = SplitEvaluator(text, "val", CPU).evaluate(model)
    monkeypatch.setattr(evaluate, "_MAX_TOKENS", 3)
    assert SplitEvaluator(text, "val", CPU).evaluate(model).loss == pytest.approx(
        whole.loss, abs=1e-6
    )


def test_lines_without_a_target_are_skipped() -> None:
    corpus = Corpus("test", None, "a\n" * 200 + "ab\nba\n", "lines", 406, "0" * 64, 0)
    data = DataConfig(boundary="none", split="100/0/0", deduplicate=False)
    text = prepare_corpus(corpus, data)
    assert SplitEvaluator(text, "train", CPU).evaluate(model_for(text)).n_tokens == 2


@pytest.mark.parametrize("which", ["names", "stream"])
@torch.inference_mode()
def test_text_longer_than_max_tokens_is_evaluated_through_a_sliding_window(
    which: str, request: pytest.FixtureRequest
) -> None:
    text = request.getfixturevalue(which)
    config = TransformerConfig(max_tokens=4, width=8, heads=2, init="library")
    model = build(config, text.tokenizer.n_vocab, text.fill_id, 0).eval()
    evaluator = SplitEvaluator(text, "val", CPU, model.max_tokens)
    assert evaluator.protocol.endswith("with a window of 4 tokens sliding by 2") == (
        which == "names"
    )
    assert evaluator.protocol.endswith("a window of 4 tokens sliding by 2")
    nats, n_tokens = 0.0, 0
    for sequence in text.sequences("val"):
        for end in range(1, len(sequence)):
            begin = 0 if end <= 4 else end - 3 - (end - 1) % 2
            logits, _ = model(torch.tensor([sequence[begin:end]]))
            nats -= float(logits[0, -1].log_softmax(-1)[sequence[end]])
            n_tokens += 1
    result = evaluator.evaluate(model)
    assert result.n_tokens == n_tokens
    assert result.loss == pytest.approx(nats / n_tokens, abs=1e-5)


@pytest.mark.parametrize("which", ["names", "stream"])
def test_a_large_split_is_evaluated_on_a_fixed_sample_and_the_protocol_says_so(
    which: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = request.getfixturevalue(which)
    monkeypatch.setattr(evaluate, "_MAX_FULL_TOKENS", 100)
    monkeypatch.setattr(evaluate, "_SAMPLE_TOKENS", 60)
    evaluator = SplitEvaluator(text, "train", CPU)
    result = evaluator.evaluate(model_for(text))
    assert 30 < result.n_tokens <= 70
    assert "a sample of about 60 tokens" in evaluator.protocol
    assert "spread evenly" in evaluator.protocol
    assert SplitEvaluator(text, "train", CPU).evaluate(model_for(text)) == result


def test_evaluation_is_deterministic_and_does_not_change_the_model(
    names: PreparedText,
) -> None:
    model = model_for(names)
    evaluator = SplitEvaluator(names, "val", CPU)
    before = torch.get_rng_state()
    first = evaluator.evaluate(model)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert evaluator.evaluate(model) == first
    half_way = evaluator.run(model.eval())
    next(half_way)
    del half_way
    assert not model.training


def test_loss_and_accuracy_without_tokens_are_nan() -> None:
    assert EvalResult().loss != EvalResult().loss
    assert EvalResult().accuracy != EvalResult().accuracy


def test_an_unavailable_device_is_rejected() -> None:
    assert choose_device("cpu", 1) == CPU
    small = sum(p.numel() for p in build(ElmanConfig(embedding=2, hidden=2), 5, 4, 0).parameters())
    assert choose_device("auto", small) == CPU
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    with pytest.raises(
        RequestError, match=f"train.device={missing} is not available on this machine"
    ):
        choose_device(missing, 1)


@pytest.mark.parametrize("which", ["names", "stream"])
def test_a_sample_covers_the_whole_split(
    which: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = request.getfixturevalue(which)
    monkeypatch.setattr(evaluate, "_MAX_FULL_TOKENS", 100)
    monkeypatch.setattr(evaluate, "_SAMPLE_TOKENS", 60)
    seen: list[str] = []
    encode = type(text.tokenizer).encode
    monkeypatch.setattr(
        type(text.tokenizer), "encode", lambda self, part: seen.append(part) or encode(self, part)
    )
    SplitEvaluator(text, "train", CPU).evaluate(model_for(text))
    items = text.items["train"]
    places = [items.index(s) / len(items) for s in seen] if which == "names" else []
    for n_seen, part in enumerate(seen) if which == "stream" else ():
        assert items[0].startswith(part, n_seen * (len(items[0]) - 1) // 20)
        places.append(n_seen / 20)
    assert min(places) < 0.1
    assert max(places) > 0.85


def test_text_is_tokenized_piece_by_piece_and_only_once(
    names: PreparedText, stream: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "_TOKENS_PER_PIECE", 50)
    monkeypatch.setattr(evaluate, "_ITEMS_PER_PIECE", 5)
    n_encoded = 0
    encode = CharTokenizer.encode

    def counting(self: CharTokenizer, text: str) -> list[int]:
        nonlocal n_encoded
        n_encoded += len(text)
        return encode(self, text)

    monkeypatch.setattr(CharTokenizer, "encode", counting)
    for text, at_most in ((stream, 51), (names, 5 * 9)):
        model, evaluator = model_for(text), SplitEvaluator(text, "train", CPU)
        assert n_encoded == 0
        next(evaluator.run(model))
        assert 0 < n_encoded <= at_most
        whole = evaluator.evaluate(model)
        n_encoded = 0
        assert evaluator.evaluate(model) == whole  # tokenized once
        assert n_encoded == 0


@pytest.mark.parametrize("length", [3, 7, 29, 31])
@pytest.mark.parametrize("boundary", ["none", "end"])
def test_the_pieces_of_a_stream_contain_each_token_once(
    length: int, boundary: Boundary, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Corpus("test", None, "abcd efgh ijkl." * 2, "stream", 30, "0" * 64, 0)
    text = prepare_corpus(corpus, DataConfig(boundary=boundary, split="100/0/0"))
    monkeypatch.setattr(evaluate, "_TOKENS_PER_PIECE", length)
    pieces = list(SplitEvaluator(text, "train", CPU)._each_piece())
    [sequence] = text.sequences("train")
    assert [i for piece in pieces for i in piece.tokens[0].tolist()] == sequence[:-1]
    assert [i for piece in pieces for i in piece.targets[0].tolist()] == sequence[1:]
    assert [piece.continues_previous for piece in pieces] == [False] + [True] * (len(pieces) - 1)


@torch.inference_mode()
def test_only_the_last_token_is_evaluated_when_only_the_last_is_a_target(
    names: PreparedText,
) -> None:
    text = prepare_corpus(names.corpus, DataConfig(targets="last"))
    assert text.boundary == "none"
    model = model_for(text)
    evaluator = SplitEvaluator(text, "val", CPU)
    result = evaluator.evaluate(model)
    model.eval()
    nats, n_correct = 0.0, 0
    for sequence in text.sequences("val"):
        logits, _ = model(torch.tensor([sequence[:-1]]))
        nats -= float(logits[0, -1].log_softmax(0)[sequence[-1]])
        n_correct += int(logits[0, -1].argmax()) == sequence[-1]
    assert result.n_tokens == text.n_targets("val") == len(text.items["val"])
    assert result.loss == pytest.approx(nats / result.n_tokens, abs=1e-5)
    assert result.n_correct == n_correct
    assert evaluator.protocol == "hidden state reset for each line, loss of the last token only"


@pytest.mark.parametrize("every", [1, 3, 7, 40, 10_000])
@torch.inference_mode()
def test_a_stream_with_resets_has_each_token_once(
    every: int, stream: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "_TOKENS_PER_PIECE", 25)
    model = model_for(stream).eval()
    evaluator = SplitEvaluator(stream, "val", CPU, reset_every=every)
    assert evaluator.protocol.endswith(f"hidden state reset every {every:,} tokens")
    (ids,) = stream.sequences("val")
    nats = 0.0
    for start in range(0, len(ids) - 1, every):
        piece = torch.tensor([ids[start : start + every + 1]])
        logits, _ = model(piece[:, :-1])
        nats += float(cross_entropy(logits[0], piece[0, 1:], reduction="sum"))
    result = evaluator.evaluate(model)
    assert max(piece.tokens.numel() for piece in evaluator._each_piece()) <= 25
    assert result.n_tokens == len(ids) - 1
    assert result.nats == pytest.approx(nats, rel=1e-5)


@pytest.mark.parametrize(
    ("n_targets", "n_vocab", "n_sample"),
    [
        (1_000_000, 256, None),
        (1_000_001, 27, 100_000),
        (30_000, 8_000, None),
        (100_000, 8_000, 8_000),
        (300_000, 72_000, 2_000),
        (1_500, 100_000, None),
    ],
)
def test_a_large_vocabulary_is_evaluated_on_a_sample_in_proportion(
    n_targets: int, n_vocab: int, n_sample: int | None
) -> None:
    assert evaluate._sample_size(n_targets, n_vocab) == n_sample
