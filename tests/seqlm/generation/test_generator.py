import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm.configuration.model_configs import (
    BigramConfig,
    BowConfig,
    ElmanConfig,
    GruConfig,
    LstmConfig,
    MlpConfig,
    NgramConfig,
    TransformerConfig,
    WaveNetConfig,
)
from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import CharTokenizer
from seqlm.errors import RequestError, SeqlmError
from seqlm.generation import sampler
from seqlm.generation.generator import Generator
from seqlm.generation.sampler import SampledSequence, candidates, uniform_random
from seqlm.models.base import CountedModel, SequenceModel
from seqlm.models.registry import build
from seqlm.models.sliding_window import with_sliding_window

TEXT = "abcdefgh"
CPU = torch.device("cpu")
CONFIGS: list[Any] = [
    MlpConfig(context=3, embedding=4, hidden=8, init="lecture"),
    ElmanConfig(embedding=4, hidden=8),
    LstmConfig(embedding=4, hidden=8),
    NgramConfig(order=3),
    BigramConfig(init="lecture"),
    BowConfig(embedding=4, hidden=8, init="library"),
    GruConfig(embedding=4, hidden=8, layers=2),
    WaveNetConfig(embedding=4, hidden=8, init="library"),
    TransformerConfig(width=8, heads=2, max_tokens=9, init="library"),
]
every_family = pytest.mark.parametrize("config", CONFIGS, ids=lambda c: type(c).__name__)


def items() -> CharTokenizer:
    return CharTokenizer().train([TEXT], [], "end")


def model_of(config: Any, tokenizer: CharTokenizer) -> SequenceModel:
    fill_id = tokenizer.n_vocab if tokenizer.end_id is None else tokenizer.end_id
    model = build(config, tokenizer.n_vocab, fill_id, seed=1)
    if isinstance(model, CountedModel):
        model.fit([[8, 0, 1, 2, 3, 8], [8, 4, 1, 0, 8]])
    return model


def generator_of(config: Any, tokenizer: CharTokenizer | None = None) -> Generator:
    tokenizer = tokenizer or items()
    return Generator(model_of(config, tokenizer), tokenizer, CPU)


def drawn(
    generator: Generator, n_samples: int = 1, length: int = 20, seed: int = 0, prompt: Any = ()
) -> list[SampledSequence]:
    *_, samples = generator.sample(prompt, SampleConfig(seed=seed), n_samples, length)
    return samples


@every_family
def test_sampling_with_carried_state_equals_rereading_the_text(config: Any) -> None:
    generator = generator_of(config)
    sample = drawn(generator, length=12, seed=3, prompt=[0, 1])[0]
    for end, token in enumerate(sample.ids):
        again = generator.predict([0, 1, *sample.ids[:end]]).probabilities
        assert sample.surprisal[end] == pytest.approx(-math.log(again[token]), abs=1e-5)


@every_family
def test_prediction_in_pieces_equals_one_call(config: Any) -> None:
    tokenizer = items()
    model = model_of(config, tokenizer).eval()
    prompt = [i % 8 for i in range(1300)]
    predictions = list(Generator(model, tokenizer, CPU).predict_in_pieces(prompt))
    assert len(predictions) == 3
    with torch.inference_mode():
        log_p = with_sliding_window(model)(torch.tensor([[8, *prompt]]), None)[0].log_softmax(-1)[0]
    expected = [-float(log_p[t, token]) for t, token in enumerate(prompt)]
    assert predictions[-1].surprisal == pytest.approx(expected, abs=1e-5)
    assert predictions[-1].probabilities == pytest.approx(log_p[-1].exp().tolist(), abs=1e-5)


@every_family
def test_score_is_the_surprisal_of_each_target(config: Any) -> None:
    generator = generator_of(config)
    text = [i % 7 for i in range(700)]
    scored = [nats for piece in generator.score([8, *text, 8]) for nats in piece]
    prediction = generator.predict(text)
    assert scored[:-1] == pytest.approx(prediction.surprisal, abs=1e-5)
    assert scored[-1] == pytest.approx(-math.log(prediction.probabilities[8]), abs=1e-5)


@every_family
def test_probabilities_sum_to_one(config: Any) -> None:
    assert math.fsum(generator_of(config).predict([3, 2]).probabilities) == pytest.approx(1)


@every_family
def test_samples_depend_only_on_seed_and_index(
    config: Any,
) -> None:
    generator = generator_of(config)
    one = drawn(generator, seed=5)
    many = drawn(generator, n_samples=7, seed=5)
    assert one[0].ids == many[0].ids == drawn(generator, seed=5)[0].ids
    assert drawn(generator, n_samples=7, length=6, seed=5)[3].ids == many[3].ids[:6]
    assert [d.ids for d in drawn(generator, n_samples=7, seed=6)] != [d.ids for d in many]


def test_sample_ends_at_the_end_token_and_others_continue() -> None:
    samples = drawn(generator_of(CONFIGS[3]), n_samples=20, length=40)
    for sample in samples:
        assert 8 not in sample.ids[:-1]
        assert len(sample.ids) == len(sample.surprisal)
        assert sample.ids[-1] == 8 or len(sample.ids) == 40
    assert len({len(sample.ids) for sample in samples}) > 1


@given(st.integers(0, 10**6), st.sampled_from([SampleConfig(), SampleConfig(top_p=0.6, top_k=4)]))
@settings(max_examples=20)
def test_random_number_lies_in_the_interval_of_its_token(seed: int, sampling: SampleConfig) -> None:
    generator = generator_of(CONFIGS[1])
    sampling = replace(sampling, seed=seed)
    *_, samples = generator.sample([2], sampling, 2, 4)
    for number, sample in enumerate(samples):
        for position, token in enumerate(sample.ids):
            before = generator.predict([2, *sample.ids[:position]]).probabilities
            options = candidates(before, sampling)
            place = next(i for i, option in enumerate(options) if option.token_id == token)
            begin, end = sample.intervals[position]
            assert sample.u[position] == uniform_random(seed, number, position)
            assert begin <= sample.u[position] < end
            assert begin == pytest.approx(sum(o.sampled for o in options[:place]), abs=1e-5)
            assert end - begin == pytest.approx(options[place].sampled, abs=1e-5)


def test_sampling_keeps_torch_generator_and_training_mode() -> None:
    tokenizer = items()
    model = model_of(LstmConfig(embedding=4, hidden=8, dropout=0.5), tokenizer).train()
    before = torch.get_rng_state()
    drawn(Generator(model, tokenizer, CPU), n_samples=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training


def test_last_sampled_token_is_not_processed(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, read = generator_of(CONFIGS[1], CharTokenizer().train([TEXT], [], "none")), []
    inner = generator._read
    monkeypatch.setattr(
        generator, "_read", lambda ids, state: (read.append(ids.tolist()), inner(ids, state))[1]
    )
    (sample,) = drawn(generator, length=5, prompt=[0, 1])
    assert read == [[[0, 1]], *([[token]] for token in sample.ids[:4])]


def test_top_k_of_one_is_greedy() -> None:
    generator = generator_of(CONFIGS[1])
    *_, samples = generator.sample([2], SampleConfig(top_k=1), 3, 10)
    assert samples[0].ids == samples[1].ids == samples[2].ids
    probabilities = generator.predict([2]).probabilities
    assert samples[0].ids[0] == max(range(9), key=probabilities.__getitem__)


def test_empty_prompt_without_end_token_is_rejected() -> None:
    stream = CharTokenizer().train([TEXT], [], "none")
    generator = generator_of(CONFIGS[0], stream)
    with pytest.raises(RequestError, match=r"no end token to start from; give a prompt"):
        generator.predict([])
    assert len(generator.predict([1]).probabilities) == 8


def test_nan_weights_are_reported() -> None:
    tokenizer = items()
    model = model_of(CONFIGS[1], tokenizer)
    torch.nn.init.constant_(next(model.parameters()), math.nan)
    with pytest.raises(SeqlmError, match="training diverged"):
        Generator(model, tokenizer, CPU).predict([1])


def test_many_samples_are_yielded_in_short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = generator_of(CONFIGS[1])
    few = drawn(generator, n_samples=7, length=5)
    asked = 0
    plain = sampler.candidates

    def counting(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return plain(*arguments)

    monkeypatch.setattr("seqlm.generation.sampler.candidates", counting)
    longest = 0
    for samples in generator.sample([], SampleConfig(), 600, 5):
        longest, asked = max(longest, asked), 0
    assert 0 < longest <= 256
    assert len(samples) == 600
    assert [sample.ids for sample in samples[:7]] == [sample.ids for sample in few]
    assert all(sample.ids[-1] == 8 or len(sample.ids) == 5 for sample in samples)


def test_large_vocabulary_is_sampled_one_at_a_time() -> None:
    tokenizer = CharTokenizer().train([map(chr, range(0x4E00, 0x4E00 + 9000))], [], "none")
    *pieces, last = generator_of(CONFIGS[1], tokenizer).sample([0], SampleConfig(), 3, 2)
    assert len(pieces) + 1 >= 6
    assert [len(sample.ids) for sample in last] == [2, 2, 2]
