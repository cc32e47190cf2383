from pathlib import Path
from typing import Any

import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import SampleConfig
from seqlm.data.prepared_text import PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.errors import RequestError
from seqlm.generation.sampler import SampledSequence
from seqlm.worker import sampling_request
from seqlm.worker.sampling_request import describe_samples, make_sampler_options


@pytest.fixture
def text(corpus: Path) -> PreparedText:
    return prepare(DataConfig(corpus=str(corpus)))


def sampled(text: PreparedText, item: str, *, ended: bool = True) -> SampledSequence:
    ids = text.tokenizer.encode(item)
    if ended:
        assert text.tokenizer.end_id is not None
        ids.append(text.tokenizer.end_id)
    return SampledSequence(ids, [1.0] * len(ids), [0.25] * len(ids), [(0.0, 0.5)] * len(ids))


def test_only_a_complete_item_is_searched_in_the_splits(text: PreparedText) -> None:
    known = {split: text.items[split][-1] for split in SPLITS}
    sequences = [sampled(text, item) for item in (*known.values(), "aaa")]
    sequences.append(sampled(text, known["train"], ended=False))
    *_, samples = describe_samples(sequences, [], text)
    assert [sample.seen_in for sample in samples] == ["train", "val", "test", None, None]
    assert [sample.is_item for sample in samples] == [True, True, True, True, False]
    assert [sample.text for sample in samples[:3]] == list(known.values())
    prompt = text.tokenizer.encode(known["val"][:1])
    *_, [sample] = describe_samples([sampled(text, known["val"][1:])], prompt, text)
    assert (sample.text, sample.seen_in) == (known["val"], "val")


def test_items_are_searched_in_short_pieces(
    text: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling_request, "_ITEMS_PER_PIECE", 7)
    sequences = [sampled(text, item) for item in text.items["test"]]
    pieces = list(describe_samples(sequences, [], text))
    n_items = sum(len(text.items[split]) for split in SPLITS)
    assert len(pieces) >= len(sequences) + n_items // 7
    assert {sample.seen_in for sample in pieces[-1]} == {"test"}


def test_without_an_end_token_every_text_is_searched(corpus: Path) -> None:
    text = prepare(DataConfig(corpus=str(corpus), boundary="none"))
    item = text.items["val"][0]
    texts = [sampled(text, item[2:], ended=False), sampled(text, item[2:] + "aa", ended=False)]
    *_, samples = describe_samples(texts, text.tokenizer.encode(item[:2]), text)
    assert [(sample.is_item, sample.seen_in) for sample in samples] == [(True, "val"), (True, None)]


def test_text_sampled_from_a_stream_is_not_an_item(corpus: Path) -> None:
    text = prepare(DataConfig(corpus=str(corpus), mode="stream"))
    whole = sampled(text, text.items["test"][0], ended=False)
    *_, [sample] = describe_samples([whole], [], text)
    assert (sample.is_item, sample.seen_in) == (False, None)


def test_random_numbers_are_reported_and_greedy_samples_have_none(
    text: PreparedText,
) -> None:
    draw = sampled(text, text.items["train"][0])
    *_, [sample] = describe_samples([draw], [], text)
    assert (sample.u, sample.intervals) == (draw.u, draw.intervals)
    *_, [greedy] = describe_samples([draw], [], text, greedy=True)
    assert greedy.u == [None] * len(draw.ids)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"temperature": "1"}, "temperature='1' is not valid; allowed: a number, 0 to 100"),
        ({"temperature": None}, "temperature=None is not valid; allowed: a number, 0 to 100"),
        (
            {"top_k": 2.5},
            "top_k=2.5 is not valid; allowed: a whole number, 1 to 1,000,000, or None",
        ),
        ({"top_p": "0.5"}, "top_p='0.5' is not valid; allowed: a number, above 0 to 1, or None"),
        ({"seed": 1.5}, "seed=1.5 is not valid; allowed: a whole number, 0 to 2,147,483,647"),
        ({"seed": True}, "seed=True is not valid; allowed: a whole number, 0 to 2,147,483,647"),
        ({"order": 3}, "order=3 is not valid; allowed: a text, each stage once"),
        ({"order": "top-k"}, "order=top-k is not valid; allowed: each stage once"),
        ({"count": "x"}, "count='x' is not valid; allowed: a whole number, 1 to 10,000"),
        ({"length": 0}, "length=0 is not valid; allowed: 1 to 1,000,000"),
        ({"greedy": "yes"}, "greedy='yes' is not valid; allowed: True or False"),
    ],
)
def test_a_value_of_the_wrong_type_is_rejected_by_name(asked: dict[str, Any], words: str) -> None:
    rest: dict[str, Any] = {"count": 1, "length": 1, "greedy": False}
    sampling = SampleConfig(**{k: v for k, v in asked.items() if k not in rest})
    with pytest.raises(RequestError) as refused:
        make_sampler_options(sampling, **(rest | {k: v for k, v in asked.items() if k in rest}))
    assert str(refused.value).startswith(words)
    assert [refused.value.value] == list(asked.values())


def test_whole_numbers_are_accepted_for_float_settings() -> None:
    assert make_sampler_options(SampleConfig(temperature=2, top_p=1), 1, 1, False).temperature == 2


def test_greedy_is_temperature_zero_and_top_k_zero_is_off() -> None:
    greedy = make_sampler_options(SampleConfig(top_k=7, min_p=0), 1, 1, True)
    assert greedy == SampleConfig(temperature=0, top_k=7, min_p=0)
    assert greedy.is_greedy
    assert make_sampler_options(SampleConfig(top_k=0), 1, 1, False) == SampleConfig()


def test_too_many_tokens_for_one_answer_are_rejected() -> None:
    make_sampler_options(SampleConfig(), 10_000, 100, greedy=False)
    words = "length=101 is not valid; allowed: 1 to 100 for count=10,000"
    with pytest.raises(RequestError, match=words):
        make_sampler_options(SampleConfig(), 10_000, 101, greedy=False)
