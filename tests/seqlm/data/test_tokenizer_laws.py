"""Laws of every tokenizer, and properties of the byte and word tokenizers."""

from collections import Counter
from itertools import chain

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration.data_config import DataConfig
from seqlm.data.baselines import bigram_counts
from seqlm.data.corpus import Corpus
from seqlm.data.prepared_text import PreparedText, prepare_corpus
from seqlm.data.split import SPLITS
from seqlm.data.tokenizer import (
    END,
    UNKNOWN,
    AnyTokenizer,
    ByteTokenizer,
    WordTokenizer,
    untrained_tokenizer,
)
from seqlm.errors import RequestError

KINDS = ["char", "byte", "word", "bpe"]
ANYTHING = st.text(st.characters(exclude_categories=["Cs", "Co"]), max_size=60)
TEXT = ANYTHING.map(lambda text: f"ab cd, {text}").filter(lambda t: not {END, UNKNOWN} & set(t))
SLIDES = "It was hard, but this was hard work. I remember: this I missed; THIS exam."


def learned(kind: str, text: str, boundary: str = "end", **values: object) -> AnyTokenizer:
    data = DataConfig(tokenizer=kind, **values)  # type: ignore[arg-type]
    return untrained_tokenizer(data).train([text], [text], boundary)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@given(TEXT, st.sampled_from(["end", "none"]))
def test_decoding_inverts_encoding(kind: str, text: str, boundary: str) -> None:
    tokenizer = learned(kind, text, boundary)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == tokenizer.normalize(text)
    assert tokenizer.join(tokenizer.split(text)) == tokenizer.normalize(text)
    assert kind == "word" or tokenizer.normalize(text) == text
    assert all(0 <= i < tokenizer.n_vocab for i in ids)
    assert len(tokenizer.ids) == tokenizer.n_vocab == len(tokenizer.tokens)
    assert tokenizer.tokens[-1:] == (END,) or tokenizer.end_id is None


@pytest.mark.parametrize("kind", KINDS)
@given(TEXT, st.integers(0, 70))
def test_safe_split_point_leaves_tokens_unchanged(kind: str, text: str, at: int) -> None:
    tokenizer = learned(kind, text)
    text = tokenizer.normalize(text)
    place = tokenizer.safe_split_point(text, at)
    assert min(at, len(text)) <= place <= len(text)
    parts = tokenizer.split(text[:place]), tokenizer.split(text[place:])
    assert [*parts[0], *parts[1]] == [*tokenizer.split(text)]


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_split_items_encloses_each_item_in_end_tokens(kind: str, items: list[str]) -> None:
    tokenizer = learned(kind, "\n".join(items))
    found = [END]
    for item in items:
        found += [*tokenizer.split(item), END]
    assert [*tokenizer.split_items(items)] == found


@pytest.mark.parametrize("kind", KINDS)
def test_tokenizer_can_be_serialized(kind: str) -> None:
    tokenizer = learned(kind, SLIDES)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(tokenizer), type=AnyTokenizer)
    assert again == tokenizer
    assert again.encode("this exam") == tokenizer.encode("this exam")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["lines", "stream"])
def test_a_prepared_text_counts_tokens(kind: str, mode: str) -> None:
    text = "".join(f"the {n} cats, the Dog é{n}\n" for n in range(40))
    corpus = Corpus("test", None, text, mode, 1, "0" * 64, 0)  # type: ignore[arg-type]
    data = DataConfig(tokenizer=kind, split="60/40/0", max_words=20)  # type: ignore[arg-type]
    prepared: PreparedText = prepare_corpus(corpus, data)
    for split in SPLITS:
        sequences = prepared.sequences(split)
        n_targets = sum(len(sequence) - 1 for sequence in sequences)
        assert prepared.n_targets(split) == n_targets
        counts = bigram_counts(prepared, split)
        assert sum(counts.grams.values()) == n_targets
    about = prepared.describe(prepared.tokenizer.n_vocab)
    end_id, ids = prepared.tokenizer.end_id, chain.from_iterable(prepared.sequences("train"))
    counted = Counter(id_ for id_ in ids if id_ != end_id)
    if end_id is not None:
        counted[end_id] = len(prepared.items["train"])
    assert {prepared.tokenizer.ids[token]: n for token, n in about.common} == {
        id_: counted[id_] for id_ in range(prepared.tokenizer.n_vocab)
    }
    assert sum(map(prepared.n_tokens, SPLITS)) == sum(
        len(prepared.tokenizer.split(item)) for items in prepared.items.values() for item in items
    )


def test_bytes_are_displayed_as_character_or_number() -> None:
    tokenizer = ByteTokenizer().train([""], [], "end")
    assert tokenizer.split("aé\n") == ["a", "<0xC3>", "<0xA9>", "<0x0A>"]
    assert tokenizer.encode("aé") == [0x61, 0xC3, 0xA9]
    assert tokenizer.decode([0x61, 0xC3, 0x62]) == "a\ufffdb"
    assert tokenizer.summary() == "257 tokens: 256 bytes and ∎"


def test_word_ids_are_in_order_of_occurrence() -> None:
    tokenizer = WordTokenizer().train(
        ["Once upon a cold morning, this bell: a cold wind! I nearly missed this exam."], [], "end"
    )
    ids = tokenizer.encode(
        "once upon a cold morning this bell a cold wind I nearly missed this exam"
    )
    assert ids == [0, 1, 2, 3, 4, 5, 6, 2, 3, 7, 8, 9, 10, 5, 11]
    assert (tokenizer.unknown_id, tokenizer.end_id) == (12, 13)
    prompt = tokenizer.encode("I passed this exam")
    assert prompt == [8, 12, 5, 11]
    assert tokenizer.decode(prompt) == f"i {UNKNOWN} this exam"
    assert tokenizer.unknown_tokens(tokenizer.split("I passed this exam")) == ["passed"]
    assert tokenizer.summary() == "14 tokens: 12 words, ⁇ and ∎"


def test_punctuation_is_removed_or_kept() -> None:
    text = 'Don\'t go -- "home", she said...\nNo!'
    assert WordTokenizer().normalize(text) == "don't go home she said no"
    kept = WordTokenizer(keeps_punctuation=True, fold_case=False)
    assert kept.split(text) == (
        ["Don't", "go", "--", '"', "home", '",', "she", "said", "...", "No", "!"]
    )
    assert kept.normalize("Well , he said .") == "Well, he said."


@given(ANYTHING, st.booleans(), st.booleans())
def test_normalizing_keeps_the_words(text: str, folds: bool, keeps: bool) -> None:
    tokenizer = WordTokenizer(fold_case=folds, keeps_punctuation=keeps)
    assert tokenizer.split(tokenizer.normalize(text)) == tokenizer.split(text)


def test_only_the_most_frequent_words_are_kept() -> None:
    tokenizer = learned("word", "c b b a a a", max_words=2)
    assert tokenizer.tokens == ("b", "a", UNKNOWN, END)
    assert tokenizer.encode("a b c") == [1, 0, 2]


def test_word_tokenizer_rejects_invalid_requests() -> None:
    closed = learned("word", "first second", unknown=False)
    with pytest.raises(RequestError, match=r'"secnd" is not in .* Nearest: "second"'):
        closed.encode("first secnd")
    with pytest.raises(RequestError, match="excludes 1 words"):
        learned("word", "a a b", unknown=False, max_words=1)
    with pytest.raises(RequestError, match="the symbol of the unknown token"):
        learned("word", f"a {UNKNOWN} b")
    with pytest.raises(RequestError, match="the symbol of the end token"):
        learned("word", f"a {END} b")


@pytest.mark.parametrize("kind", ["char", "word", "bpe"])
def test_vocabulary_of_one_is_rejected(kind: str) -> None:
    with pytest.raises(RequestError, match='only "a"; needed: at least 2'):
        learned(kind, "a", "none")
