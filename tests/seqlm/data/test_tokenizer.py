import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.data.ngrams import NgramCounts, pack
from seqlm.data.tokenizer import END, CharTokenizer, WordTokenizer
from seqlm.data.tokenizer.base import MAX_VOCAB
from seqlm.errors import RequestError

TEXT = st.text(min_size=2, max_size=50).filter(lambda text: len(set(text)) > 1 and END not in text)


@given(TEXT, st.sampled_from(["end", "none"]))
def test_decoding_inverts_encoding(text: str, boundary: str) -> None:
    tokenizer = CharTokenizer().train([text], [], boundary)  # type: ignore[arg-type]
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert "".join(tokenizer.split(text)) == text
    assert list(tokenizer.tokens[: len(set(text))]) == sorted(set(text))


def test_the_end_token_is_the_last() -> None:
    tokenizer = CharTokenizer().train(["cab"], [], "end")
    assert tokenizer.tokens == ("a", "b", "c", END)
    assert tokenizer.end_id == tokenizer.n_vocab - 1 == 3
    assert tokenizer.encode(f"ab{END}") == [0, 1, 3]
    assert CharTokenizer().train(["cab"], [], "none").end_id is None


@pytest.mark.parametrize(
    ("text", "boundary", "summary"),
    [
        ("abcdefghijklmnopqrstuvwxyz", "end", "27 tokens: a-z and ∎"),
        ("ba", "none", "2 tokens: a b"),
        ("acegikmoqsuwy", "end", "14 tokens: 13 characters and ∎"),
        ("a", "end", "2 tokens: a and ∎"),
        ("helo wrd\n", "none", "9 tokens: \\n space d e h l o r w"),
        ("abcdefghijklm ABCDEFGHIJKLM!?.;", "none", "31 tokens: A-M, a-m and 5 others"),
    ],
)
def test_summary_of_a_vocabulary(text: str, boundary: str, summary: str) -> None:
    assert CharTokenizer().train([text], [], boundary).summary() == summary  # type: ignore[arg-type]


def test_unknown_character_is_named_in_the_error() -> None:
    tokenizer = CharTokenizer().train(["abcdefghijklmnopqrstuvwxyz"], [], "end")
    with pytest.raises(RequestError) as caught:
        tokenizer.encode("andré")
    assert str(caught.value) == '"é" is not in this vocabulary (27 tokens: a-z and ∎)'
    with pytest.raises(RequestError, match=r'"\\x1b" is not'):
        tokenizer.encode("\x1b")


def test_vocabulary_of_one_token_is_rejected() -> None:
    with pytest.raises(RequestError, match='only "a"; needed: at least 2'):
        CharTokenizer().train(["aaaa"], [], "none")
    assert CharTokenizer().train(["aaaa"], [], "end").n_vocab == 2


def test_end_token_in_the_text_is_rejected() -> None:
    with pytest.raises(RequestError, match=r"data\.boundary=none"):
        CharTokenizer().train([f"qed{END}"], [], "end")
    assert CharTokenizer().train([f"qed{END}"], [], "none").n_vocab == 4


def test_too_large_vocabulary_is_rejected() -> None:
    words = list(map(str, range(MAX_VOCAB)))
    assert WordTokenizer().with_vocabulary(words, "none").n_vocab == MAX_VOCAB
    with pytest.raises(
        RequestError, match=r"1,114,112 tokens; allowed: at most 1,114,111\. .* data\.max_words"
    ):
        WordTokenizer().with_vocabulary(words, "end")


def test_largest_ids_are_counted() -> None:
    """The ids include a surrogate code point and the largest id, the start id."""
    ids = [0xD800, MAX_VOCAB - 1, 0xDFFF]
    counts = NgramCounts.fit([ids], 3, MAX_VOCAB, MAX_VOCAB)
    assert counts.grams == {pack([MAX_VOCAB, *ids[:2]]): 1, pack(ids): 1}
    assert [list(map(ord, gram)) for gram in counts.grams][1] == ids
