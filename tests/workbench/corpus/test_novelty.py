from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration.data_config import DataConfig
from seqlm.data.corpus import Corpus
from seqlm.data.prepared_text import PreparedText
from seqlm.data.tokenizer import CharTokenizer
from workbench.corpus import novelty
from workbench.corpus.novelty import Novelty, NoveltyResult, describe_copied, describe_novelty
from workbench.corpus.preview import Preview


def prepared(
    train: Sequence[str], val: Sequence[str] = (), mode: str = "lines", boundary: str = "end"
) -> PreparedText:
    text = "\n".join([*train, *val])
    corpus = Corpus("made up", None, text, mode, len(text), "", 0)  # type: ignore[arg-type]
    tokenizer = CharTokenizer(tuple(sorted(set(text) | {"a", "b"})), None)
    items = {"train": tuple(train), "val": tuple(val), "test": ()}
    return PreparedText(corpus, tokenizer, boundary, items, 0, 0)  # type: ignore[arg-type]


def looked_up(known: Novelty, text: str, has_ended: bool = True) -> NoveltyResult:
    for _ in known.search(text, has_ended):
        pass
    return known.findings[text, has_ended]


def longest_by_trying(text: str, train: str) -> int:
    ends = ((a, b) for a in range(len(text)) for b in range(a, len(text) + 1))
    return max((b - a for a, b in ends if text[a:b] in train), default=0)


letters = st.text("ab", max_size=12)


@given(st.lists(st.text("ab", min_size=1), min_size=1, max_size=6), st.lists(letters, max_size=4))
def test_the_longest_copied_stretch_is_found(train: list[str], texts: list[str]) -> None:
    known = Novelty(prepared(train))
    for text in texts:
        copied = looked_up(known, text).copied
        assert copied is not None
        assert copied in text
        assert any(copied in item for item in train)
        assert len(copied) == max(longest_by_trying(text, item) for item in train)


@given(st.text("ab", min_size=1), st.text("ab", min_size=1, max_size=30))
def test_a_growing_text_gives_the_same_result_as_the_whole_text(train: str, text: str) -> None:
    growing, at_once = Novelty(prepared([train])), Novelty(prepared([train]))
    for n in range(1, len(text) + 1):
        found = looked_up(growing, text[:n], has_ended=False)
    assert found.copied is not None
    assert len(found.copied) == len(looked_up(at_once, text, has_ended=False).copied or "")


def test_an_item_is_found_in_its_split_and_on_its_line() -> None:
    known = Novelty(prepared(["mari", "anna  ", "ann", "mar"], ["marie", "ann"]))
    assert looked_up(known, "ann") == NoveltyResult("train", 3, "ann")
    assert looked_up(known, "mari") == NoveltyResult("train", 1, "mari")
    assert looked_up(known, "mar") == NoveltyResult("train", 4, "mar")
    assert looked_up(known, "marie") == NoveltyResult("val", 5, "mari")
    assert looked_up(known, "annm") == NoveltyResult(None, None, "ann")
    assert looked_up(known, "ann", has_ended=False) == NoveltyResult(
        None, None, "ann", is_item=False, has_ended=False
    )


def test_every_text_is_searched_where_lines_have_no_end_token() -> None:
    known = Novelty(prepared(["345", "456"], ["34"], boundary="none"))
    found = looked_up(known, "345", has_ended=False)
    assert found == NoveltyResult("train", 1, "345", has_ended=False)
    assert describe_novelty(found) == "in train (line 1)"
    assert looked_up(known, "34", has_ended=False).split == "val"
    longer = looked_up(known, "3456", has_ended=False)
    assert describe_novelty(longer) == "not a whole line"
    assert describe_copied(longer, 4) == "longest stretch copied: 345 (3 of 4)"


@pytest.mark.parametrize("has_ended", [True, False])
def test_a_text_of_a_stream_is_never_called_new(has_ended: bool) -> None:
    found = looked_up(Novelty(prepared(["ab\nba"], mode="stream")), "ba", has_ended)
    assert (describe_novelty(found), describe_copied(found, 2)) == (
        "",
        "longest run copied: 2 characters, ba",
    )


def test_trailing_blanks_are_not_part_of_an_item() -> None:
    text = prepared(["anna", "bo"])
    corpus = Corpus("made up", None, "\n\nanna\t \nbo", "lines", 9, "", 0)
    known = Novelty(PreparedText(corpus, text.tokenizer, "end", text.items, 0, 0))
    assert looked_up(known, "anna").line == 3
    assert looked_up(known, "bo").line == 4


def test_a_copied_stretch_ends_with_its_item() -> None:
    assert looked_up(Novelty(prepared(["ab", "ba"])), "abba").copied in ("ab", "ba")


def test_a_large_text_is_searched_in_short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "_CHARACTERS_PER_PIECE", 16)
    monkeypatch.setattr(novelty, "_ITEMS_PER_PIECE", 4)
    items = [f"{'ab' * (i % 5)}a{'b' * i}" for i in range(40)]
    known = Novelty(prepared(items))
    assert len(list(known.search(items[30], True))) > 40
    assert known.findings[items[30], True] == NoveltyResult("train", 31, items[30])
    assert looked_up(known, "bbbbab").copied == "bbbb"


def test_a_text_that_is_too_large_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "LARGEST_TEXT", 3)
    found = looked_up(Novelty(prepared(["anna"])), "ann")
    assert found == NoveltyResult(None, None, None)
    assert "too large" in describe_copied(found, 3)


def test_the_number_of_stored_results_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "_MOST_KEPT", 20)
    known = Novelty(prepared(["ab"]))
    for n in range(200):
        looked_up(known, "ab" * n, has_ended=n % 2 == 0)
        assert len(known.findings) <= 20
        assert len(known._runs) <= 20 + novelty.MOST_TOKENS


def test_results_are_described() -> None:
    assert describe_novelty(NoveltyResult("train", 2044, "mariel")) == "in train (line 2,044)"
    assert describe_novelty(NoveltyResult("val", 12, "x")) == "in val"
    assert describe_novelty(NoveltyResult()) == "new"
    assert describe_novelty(NoveltyResult(is_item=False, copied="if x")) == ""
    assert (
        describe_copied(NoveltyResult(copied="mari"), 6) == "longest stretch copied: mari (4 of 6)"
    )
    run = NoveltyResult(is_item=False, copied="if x")
    assert describe_copied(run, 90) == "longest run copied: 4 characters, if␣x"
    assert describe_copied(NoveltyResult("train", 1, "anna"), 4) == ""
    assert describe_copied(NoveltyResult(copied="x"), 4) == ""
    assert "(30 of 40)" in describe_copied(NoveltyResult(copied="\x1b" * 30), 40)
    assert "…␛" in describe_copied(NoveltyResult(copied="\x1b" * 30), 40)


def test_names_of_the_bundled_corpus_are_found(preview: Preview) -> None:
    known, lines = Novelty(preview.text), preview.text.corpus.text.split("\n")
    for item in (preview.text.items["train"][0], preview.text.items["train"][-1]):
        found = looked_up(known, item)
        assert found.split == "train"
        assert lines[(found.line or 0) - 1] == item
    assert preview.data == DataConfig()
