"""Output of ``seqlm data show``: length in words, and the id of each token."""

from pathlib import Path

import pytest

from seqlm.cli.main import run

SLIDES = "Once upon a cold morning, this bell: a cold wind! I nearly missed this exam."


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]):
    def show(*words: str) -> list[str]:
        assert run(["data", "show", *words]) == 0
        return capsys.readouterr().out.splitlines()

    return show


def test_stream_size_is_in_characters(shown) -> None:
    lines = shown("prose")
    [train] = [line for line in lines if line.startswith("  train")]
    _, n_characters, *words = train.split()
    assert words[:4] == ["characters", "of", "one", "text"]
    assert int(n_characters.replace(",", "")) > 10_000
    assert not any("items" in line or "equal lines" in line for line in lines)


def test_singular_for_one_line(shown) -> None:
    lines = shown("hello")
    assert lines[1].split()[:3] == ["train", "1", "line"]
    assert lines[2].split()[:3] == ["val", "0", "lines"]


def test_small_vocabulary_is_listed_by_id(shown, tmp_path: Path, run_json) -> None:
    path = tmp_path / "slides.txt"
    path.write_text(SLIDES)
    words = (str(path), "data.tokenizer=word", "data.mode=stream", "data.split=100/0/0")
    lines = shown(*words, "data.boundary=end")
    first = next(i for i, line in enumerate(lines) if "all tokens" in line) + 1
    result = [line.split() for line in lines[first : first + 14]]
    tokens = [
        "once",
        "upon",
        "a",
        "cold",
        "morning",
        "this",
        "bell",
        "wind",
        "i",
        "nearly",
        "missed",
        "exam",
        "⁇",
        "∎",
    ]
    assert [(int(id_), token.strip("'")) for id_, token, _ in result] == list(enumerate(tokens))
    assert [n for *_, n in result] == ["1", "1", "2", "2", "1", "2", *["1"] * 6, "0", "1"]
    assert run_json("data", "show", *words)["tokens"] == tokens[:-1]


def test_large_vocabulary_lists_the_most_frequent(shown, run_json) -> None:
    lines = shown("grammar", "data.tokenizer=bpe")
    first = next(i for i, line in enumerate(lines) if "most common" in line) + 1
    tokens = run_json("data", "show", "grammar", "data.tokenizer=bpe")["tokens"]
    id_, *token, _ = lines[first + 1].split()
    assert tokens[int(id_)] == " ".join(token).strip("'")
    [merges] = [line for line in lines if line.startswith("  first merges")]
    assert merges.startswith("  first merges t + h -> th 16,934, th + e -> the 12,610, ")
