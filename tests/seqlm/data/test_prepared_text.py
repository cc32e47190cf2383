import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration.data_config import DataConfig
from seqlm.data.prepared_text import PreparedText, prepare
from seqlm.data.split import SPLITS, raise_if_too_short, split_lines, split_stream
from seqlm.data.tokenizer import CharTokenizer
from seqlm.errors import RequestError


def _prepare(folder: Path, text: str, **settings: object) -> PreparedText:
    path = folder / "notes.txt"
    path.write_text(text)
    return prepare(DataConfig(corpus=str(path), **settings))  # type: ignore[arg-type]


def _lines(n: int) -> str:
    return "".join(f"line{i}\n" for i in range(n))


SHARES = st.tuples(st.integers(1, 100), st.integers(0, 100)).map(
    lambda cut: (cut[0], min(cut[1], 100 - cut[0]), 100 - cut[0] - min(cut[1], 100 - cut[0]))
)


@given(st.lists(st.text(min_size=1, max_size=3)), SHARES, st.integers(0, 99))
def test_splits_contain_every_line_once(
    lines: list[str], shares: tuple[int, int, int], seed: int
) -> None:
    items = split_lines(lines, shares, seed)
    assert sorted(line for split in SPLITS for line in items[split]) == sorted(lines)
    for split, share in zip(SPLITS, shares, strict=True):
        assert abs(len(items[split]) - len(lines) * share / 100) < 1
        assert share or not items[split]


@given(st.text(max_size=300), SHARES)
def test_pieces_of_a_stream_are_in_order(text: str, shares: tuple[int, int, int]) -> None:
    items = split_stream(text, shares, CharTokenizer().safe_split_point)
    assert "".join(piece for split in SPLITS for piece in items[split]) == text


@given(st.integers(1, 3000), SHARES)
def test_long_enough_text_fills_every_split(n: int, shares: tuple[int, int, int]) -> None:
    for unit, least in (("lines", 1), ("characters", 2)):
        try:
            raise_if_too_short(n, unit, shares, "notes.txt")  # type: ignore[arg-type]
        except RequestError:
            continue
        pieces = split_stream("x" * n, shares, CharTokenizer().safe_split_point)
        for split, share in zip(SPLITS, shares, strict=True):
            assert not share or len(pieces[split][0]) >= least


@given(st.integers(0, 10**6))
def test_split_indexes_equal_the_lecture(n: int) -> None:
    assert (n * 80 // 100, n * 90 // 100) == (int(0.8 * n), int(0.9 * n))


def test_splits_equal_the_lecture(shared_data: Path) -> None:
    path = shared_data / "names.txt"
    prepared = prepare(DataConfig(corpus=str(path), deduplicate=False))
    assert [len(prepared.items[split]) for split in SPLITS] == [25_626, 3_203, 3_204]
    words = path.read_text().splitlines()
    random.seed(42)
    random.shuffle(words)
    assert prepared.items["val"] == tuple(words[int(0.8 * len(words)) : int(0.9 * len(words))])
    assert prepared.n_overlap == pytest.approx(0.13 * 3_203, rel=0.05)
    distinct = prepare(DataConfig(corpus=str(path)))
    assert [len(distinct.items[split]) for split in SPLITS] == [23_595, 2_949, 2_950]
    assert distinct.n_duplicates == 32_033 - 29_494


def test_items_are_enclosed_by_end_tokens(tmp_path: Path) -> None:
    prepared = _prepare(tmp_path, _lines(50))
    end = prepared.tokenizer.end_id
    assert prepared.boundary == "end"
    assert prepared.fill_id == end
    for split in SPLITS:
        sequences = prepared.sequences(split)
        texts = [prepared.tokenizer.decode(ids[1:-1]) for ids in sequences]
        assert tuple(texts) == prepared.items[split]
        assert all(ids[0] == ids[-1] == end for ids in sequences)
        assert prepared.n_targets(split) == sum(len(ids) - 1 for ids in sequences)


def test_items_and_streams_without_an_end_token(tmp_path: Path) -> None:
    lines = _prepare(tmp_path, _lines(50), boundary="none")
    stream = _prepare(tmp_path, _lines(100), mode="stream")
    for prepared in (lines, stream):
        assert prepared.boundary == "none"
        assert prepared.fill_id == prepared.tokenizer.n_vocab
        for split in SPLITS:
            sequences = prepared.sequences(split)
            assert prepared.n_targets(split) == sum(len(ids) - 1 for ids in sequences)
    assert [len(stream.sequences(split)) for split in SPLITS] == [1, 1, 1]


def test_a_stream_may_have_end_tokens_too(tmp_path: Path) -> None:
    prepared = _prepare(tmp_path, _lines(100), mode="stream", boundary="end")
    ids = prepared.sequences("val")[0]
    assert ids[0] == ids[-1] == prepared.tokenizer.end_id
    assert prepared.n_targets("val") == len(ids) - 1


@pytest.mark.parametrize("text", ["", "l"])
def test_one_token_is_too_short_to_score(tmp_path: Path, text: str) -> None:
    stream, items = (_prepare(tmp_path, _lines(100), mode=mode) for mode in ("stream", "lines"))
    with pytest.raises(
        RequestError, match="too short to score; needed: at least 2 tokens"
    ) as refused:
        stream.sequence_to_score(text)
    assert refused.value.value == text
    assert items.sequence_to_score(text) == items.sequence(text)  # its end token is a target


def test_duplicate_lines_are_removed_and_counted(tmp_path: Path) -> None:
    once = _prepare(tmp_path, _lines(40) * 3)
    assert (once.n_duplicates, once.n_overlap) == (80, 0)
    assert sum(len(once.items[split]) for split in SPLITS) == 40
    kept = _prepare(tmp_path, _lines(40) * 3, deduplicate=False)
    assert kept.n_duplicates == 0
    assert kept.n_overlap == sum(item in kept.items["train"] for item in kept.items["val"]) > 0


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (
            _lines(12),
            {},
            "notes.txt has 12 lines; three splits need 30. Add text, or set data.split=100/0/0.",
        ),
        (_lines(12), {"split": "90/10/0"}, "two splits need 20"),
        (_lines(60), {"split": "98/1/1"}, "three splits need 100"),
        (_lines(12), {"mode": "stream"}, "has 74 characters; three splits need 300"),
        ("a" * 400, {"mode": "stream"}, "at least 2 different tokens"),
        (_lines(60), {"split": "80/10/20"}, "data.split=80/10/20 must sum to 100"),
        ("a\nb\n" * 20, {"boundary": "none", "deduplicate": False}, "is one token"),
    ],
)
def test_too_short_text_is_rejected(
    tmp_path: Path, text: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(RequestError) as caught:
        _prepare(tmp_path, text, **settings)
    assert message in str(caught.value)


def test_single_split_accepts_one_word(tmp_path: Path) -> None:
    prepared = _prepare(tmp_path, "hello", split="100/0/0")
    assert prepared.sequences("train") == [[1, 0, 2, 2, 3]]
    assert prepared.sequences("val") == []
    assert prepared.n_targets("val") == 0


def test_token_counts_include_every_token(tmp_path: Path) -> None:
    line = "once upon a cold morning, this bell: a cold wind! I nearly missed this exam."
    words = {"tokenizer": "word", "mode": "stream", "split": "100/0/0"}
    prepared = _prepare(tmp_path, line, **words)
    common = prepared.describe(prepared.tokenizer.n_vocab).common
    assert sorted(token for token, _ in common) == sorted(prepared.tokenizer.tokens)
    assert common[:3] == (("a", 2), ("cold", 2), ("this", 2))
    assert dict(common)["once"] == 1  # nothing predicts the first token, and yet it stands there
    ids = [prepared.tokenizer.ids[token] for token, _ in common]
    assert ids == [2, 3, 5, 0, 1, 4, 6, 7, 8, 9, 10, 11, 12]  # of equally frequent ones by id
    recall = prepare(DataConfig(corpus="recall", targets="last", length=10))
    counted = recall.describe(recall.tokenizer.n_vocab).common
    assert sum(n for _, n in counted) == recall.n_tokens("train")


def test_description_counts_targets(tmp_path: Path) -> None:
    prepared = _prepare(tmp_path, _lines(50), split="100/0/0")
    told = prepared.describe(n_common=3)
    assert told.n_items == {"train": 50, "val": 0, "test": 0}
    assert told.n_targets["train"] == told.n_characters["train"] + 50
    assert dict(told.common) == {"e": 50, "i": 50, "l": 50}  # of equally frequent ones by id
    everything = prepared.describe(n_common=99)
    assert sum(count for _, count in everything.common) == told.n_targets["train"]


def test_prompt_that_starts_no_line_is_untrained() -> None:
    counting = prepare(DataConfig(corpus="counting", tokenizer="word", split="100/0/0"))
    alone = [n for n in range(128) if counting.is_untrained_prompt([str(n)])]
    assert alone == [*range(123, 128)]
    assert not counting.is_untrained_prompt(["124", "125"])
    assert not counting.is_untrained_prompt(["no such number"])
    assert not counting.is_untrained_prompt([])


def test_untrained_prompts_need_lines_without_end_tokens(tmp_path: Path) -> None:
    marked = _prepare(tmp_path, "ab\nac\nad\n", split="100/0/0")
    bare = _prepare(tmp_path, "ab\nac\nad\n", split="100/0/0", boundary="none")
    stream = _prepare(tmp_path, "ab\nac\nad\n", split="100/0/0", mode="stream")
    assert [text.is_untrained_prompt(["b"]) for text in (marked, bare, stream)] == [
        False,
        True,
        False,
    ]
    assert not bare.is_untrained_prompt(["a"])


@pytest.mark.parametrize(
    ("text", "settings", "prompt"),
    [
        ("ab\nac\nad\n", {}, []),
        ("ab\nac\nad\n", {"boundary": "none", "split_seed": 1}, ["a"]),
        ("ab\nac\nad\n", {"mode": "stream"}, ["\n"]),
        ("abacad" * 9, {"mode": "stream"}, ["a"]),
        ("Two words and\ntwo lines", {"mode": "stream", "tokenizer": "word"}, ["two"]),
    ],
)
def test_samples_without_a_prompt_start_where_a_line_or_the_text_starts(
    text: str, settings: dict[str, object], prompt: list[str], tmp_path: Path
) -> None:
    prepared = _prepare(tmp_path, text, split="100/0/0", **settings)
    assert prepared.default_prompt == prompt
    assert not prepared.is_untrained_prompt(prompt)
