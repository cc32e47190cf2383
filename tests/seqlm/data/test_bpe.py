"""Byte-pair encoding, compared with the tokenizers library."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import tokenizers
from hypothesis import assume, given
from hypothesis import strategies as st

from seqlm.data.tokenizer.bpe import WORD, BpeTokenizer

README = Path(__file__).parents[3] / "README.md"
WORDS = st.lists(st.text("abc é", min_size=1, max_size=9), min_size=1, max_size=12)


def library(texts: Sequence[str], n_tokens: int) -> tokenizers.Tokenizer:
    """Train the library's byte-pair encoding with ``n_tokens`` tokens and the same word pattern."""
    found = tokenizers.Tokenizer(tokenizers.models.BPE())
    rule = tokenizers.Regex(WORD)
    found.pre_tokenizer = tokenizers.pre_tokenizers.Split(rule, "isolated")
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=n_tokens, min_frequency=2, show_progress=False, special_tokens=[]
    )
    found.train_from_iterator(texts, trainer)
    return found


def merges_of(library: tokenizers.Tokenizer) -> list[tuple[str, str]]:
    import json

    return [tuple(merge) for merge in json.loads(library.to_str())["model"]["merges"]]


def test_readme_tokens_equal_the_tokenizers_library() -> None:
    text = README.read_text()
    ours = BpeTokenizer(n_merges=300).train([text], [text], "none")
    theirs = library([text], ours.n_vocab)
    assert len(ours.merges) == 300
    assert list(ours.merges) == merges_of(theirs)
    assert list(ours.split(text)) == theirs.encode(text).tokens
    assert {token: theirs.token_to_id(token) for token in ours.tokens} == ours.ids


@given(WORDS, st.text("abc é\n", max_size=20))
def test_merges_and_tokens_equal_the_tokenizers_library(texts: list[str], prompt: str) -> None:
    assume(len(set("".join(texts))) > 1)
    ours = BpeTokenizer(n_merges=20).train(texts, texts, "none")
    # Where two merges make the same string, the library counts some pairs twice.
    assume(len({a + b for a, b in ours.merges}) == len(ours.merges))
    theirs = library(texts, ours.n_vocab)
    assert list(ours.merges) == merges_of(theirs)
    known = "".join(character for character in prompt if character in ours.ids)
    for text in (*texts, known):
        assert list(ours.split(text)) == theirs.encode(text).tokens


def test_merges_of_a_small_example() -> None:
    text = "low low low lower"
    tokenizer = BpeTokenizer(n_merges=3).train([text], [text], "end")
    assert tokenizer.merges == (("l", "o"), ("lo", "w"), (" ", "low"))
    assert tokenizer.merge_counts == (4, 4, 3)
    assert tokenizer.tokens == (*" elorw", "lo", "low", " low", "∎")
    assert list(tokenizer.split("low slow lowest")) == [
        "low",
        " ",
        "s",
        "low",
        " low",
        "e",
        "s",
        "t",
    ]
    assert tokenizer.summary() == "10 tokens: 6 characters, 3 merges and ∎"


@given(WORDS)
def test_merge_count_is_the_count_at_the_time_of_the_merge(texts: list[str]) -> None:
    assume(len(set("".join(texts))) > 1)
    tokenizer = BpeTokenizer(n_merges=20).train(texts, texts, "none")
    for n, (pair, count) in enumerate(zip(tokenizer.merges, tokenizer.merge_counts, strict=True)):
        before, after = (
            sum(len(tokenizer.after(done).split(text)) for text in texts) for done in (n, n + 1)
        )
        if pair[0] != pair[1]:  # in aaa two pairs overlap, and one is merged
            assert before - after == count
        assert before - after <= count
    assert tokenizer.after(len(tokenizer.merges)) == tokenizer
    assert tokenizer.after(0).ids == tokenizer.ids


@pytest.mark.parametrize("n_merges", [0, 20_000])
def test_merging_stops_when_no_pair_occurs_twice(n_merges: int) -> None:
    tokenizer = BpeTokenizer(n_merges=n_merges).train(["abcabc"], ["abcabc"], "none")
    assert tokenizer.merges == ((("a", "b"), ("ab", "c")) if n_merges else ())


def test_concatenated_tokens_are_the_text() -> None:
    text = "a  b\n\nlong" + "g" * 200
    tokenizer = BpeTokenizer().train([text], [text], "none")
    assert "".join(tokenizer.split(text)) == text
    assert max(map(len, tokenizer.tokens)) <= 65
