"""Tests of the rows of the Data pane at several widths."""

from pathlib import Path

import pytest
from app_harness import AppHarness, wait_until_settled
from msgspec.structs import replace
from rich.cells import cell_len

from seqlm.configuration.data_config import DataConfig
from seqlm.presets import preset_config
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview, make_preview
from workbench.panes.data.render import (
    collapsed_row,
    data_rows,
    example_rows,
    summary_rows,
    token_rows,
)
from workbench.panes.data.render_bigrams import bigram_rows
from workbench.panes.data.render_merges import merge_rows
from workbench.panes.data.view_model import DataViewModel, count_merges, lines_to_score
from workbench.panes.data.views import DATA_VIEWS
from workbench.run.state import RunState
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

WIDTHS = (28, 33, 41, 75, 115)
SLIDES = "Once upon a cold morning, this bell: a cold wind! I nearly missed this exam."


def model_of(preview: Preview, **changes: object) -> DataViewModel:
    state = AppState(pending_config=preset_config("names-mlp"), preview=preview)
    return DataViewModel(state, **changes)  # type: ignore[arg-type]


def words_of(row: Row) -> str:
    return "".join(words for words, _ in row)


def preview_of_text(folder: Path, text: str, **settings: object) -> Preview:
    path = folder / "text.txt"
    path.write_text(text)
    return make_preview(DataConfig(corpus=str(path), **settings))  # type: ignore[arg-type]


@pytest.fixture
def bpe_preview(tmp_path: Path) -> Preview:
    text = "the other weather\nthen there\n" * 3 + "the end\n"
    return preview_of_text(
        tmp_path, text, tokenizer="bpe", merges=9, mode="stream", split="100/0/0"
    )


@pytest.fixture(scope="module")
def recall() -> Preview:
    config = preset_config("recall-lstm").data
    return make_preview(config)


def test_tokens_view_lists_the_id_of_each_token(tmp_path: Path) -> None:
    preview = preview_of_text(tmp_path, SLIDES, tokenizer="word", mode="stream", split="100/0/0")
    rows = [words_of(row).split() for row in token_rows(model_of(preview), 60, 40)]
    assert rows[0][:2] == ["id", "token"]
    found = {int(id_): (token, count) for id_, token, _, count, *_ in rows[1:]}
    assert [found[id_][0] for id_ in sorted(found)] == [
        *("once", "upon", "a", "cold", "morning", "this", "bell"),
        *("wind", "i", "nearly", "missed", "exam", "⁇"),
    ]
    assert (found[0][1], found[2][1], found[12][1]) == ("1", "2", "0")


@pytest.mark.parametrize("width", WIDTHS)
def test_recall_context_shows_its_first_symbol(recall: Preview, width: int) -> None:
    state = AppState(pending_config=preset_config("recall-lstm"), preview=recall)
    rows = example_rows(DataViewModel(state), width, 6)[1:]
    assert len(rows) == 5
    for row, item in zip(rows, recall.text.items["train"], strict=False):
        seen, symbols = row[0][0].split(), item.split()
        assert seen[0] == row[2][0].strip() == symbols[0]
        assert seen[-1] == symbols[-2]
        assert "…" in seen


def test_collapsed_recall_context_shows_its_first_symbol(recall: Preview) -> None:
    state = AppState(pending_config=preset_config("recall-lstm"), preview=recall)
    _, pairs = words_of(collapsed_row(DataViewModel(state), 120)).split("│ ")
    first, answer = pairs.split("  ")[0].split(" → ")
    assert first.split()[0] == answer


def test_synthetic_tasks_name_their_tokens(recall: Preview) -> None:
    assert recall.description.vocabulary == "8 tokens: 8 symbols"
    assert recall.text.tokenizer.token_noun == "symbol"
    counting = make_preview(preset_config("counting").data)
    assert counting.text.tokenizer.token_noun == "number"


@pytest.mark.parametrize("width", WIDTHS)
def test_bigram_legend_names_each_shade(preview: Preview, width: int) -> None:
    legend = words_of(bigram_rows(model_of(preview), width, 8)[-1])
    assert cell_len(legend) <= width
    assert [legend.count(shade) for shade in "░▒▓█"] == [1, 1, 1, 1]
    assert legend.removesuffix(" and more").endswith("0.2")


def test_merges_view_splits_the_line_after_the_first_merges(bpe_preview: Preview) -> None:
    def shown(n_done: int) -> list[str]:
        return [
            words_of(row) for row in merge_rows(model_of(bpe_preview, n_merges_done=n_done), 60, 20)
        ]

    assert count_merges(bpe_preview) == 9
    assert shown(0)[1].strip() == "t h e ␣ o t h e r ␣ w e a t h e r"
    assert shown(0)[0] == "after 0 of 9 merges: 17 characters are 17 tokens"
    assert shown(1)[1].strip() == "t he ␣ o t he r ␣ w e a t he r"
    assert shown(2)[1].strip() == "the ␣ o the r ␣ w e a the r"
    merges = [row.split() for row in shown(2)[4:]]
    assert merges[0] == ["0", "single", "characters"]
    assert merges[1] == ["1", "h", "+", "e", "→", "he", "16"]
    assert merges[2] == ["▸", "2", "t", "+", "he", "→", "the", "16"]
    assert len(merges) == 10


def test_merges_view_of_a_stream_starts_with_a_whole_word(bpe_preview: Preview) -> None:
    tokens = list(bpe_preview.stream)
    inside = next(i for i, token in enumerate(tokens) if token[0] not in " \n" and i)
    text = words_of(merge_rows(model_of(bpe_preview, first=inside), 60, 20)[1])
    assert text.startswith("␣")


async def test_merges_view_exists_only_with_a_bpe_tokenizer(
    harness: AppHarness, bpe_preview: Preview
) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        pane = app.main.data
        pane.action_view(-1)
        assert pane.subtitle(40) == "bigrams (view 5 of 5)"
        pane.set_state(AppState(pending_config=app.state.pending_config, preview=bpe_preview))
        pane.action_view(1)
        assert pane.subtitle(40) == "merges (view 6 of 6)"
        n_before = len(lines_to_score(pane.model))
        for key, n_done in (("end", 9), ("up", 8), ("pageup", 0), ("down", 1)):
            pane.focus()
            await pilot.press(key)
            [marked] = [row for row in map(words_of, pane.rows(33, 20)) if "▸" in row]
            assert marked.split()[1] == str(n_done)
        assert n_before == 0
        pane.set_state(app.state)
        assert pane.subtitle(40) == "training examples (view 1 of 5)"


@pytest.mark.parametrize(
    ("text", "has_note"),
    [("one-batch", True), ("names-full-batch train.one_batch=true", False), ("names-mlp", False)],
)
def test_one_batch_training_is_noted(preview: Preview, text: str, has_note: bool) -> None:
    state = AppState(recipe.parse_recipe(text), preview=preview)
    rows = example_rows(DataViewModel(state), 48, 8)
    words = [words_of(row).rstrip() for row in rows]
    assert ("! the same 32 examples in each step" in words) == has_note
    assert len(rows) == 8


def test_one_line_is_no_plural(tmp_path: Path) -> None:
    preview = make_preview(preset_config("hello").data)
    texts = [words_of(row) for row in summary_rows(preview, 60)]
    assert texts[0] == "hello · 1 line"
    state = AppState(pending_config=preset_config("hello"), preview=preview)
    assert words_of(collapsed_row(DataViewModel(state), 60)).startswith("hello · 1 line · 9 tokens")


@pytest.mark.parametrize("width", WIDTHS)
def test_warnings_on_the_text_are_shown_in_full(tmp_path: Path, width: int) -> None:
    text = "the quick brown fox jumps over the lazy dog at noon\n" * 40
    model = model_of(preview_of_text(tmp_path, text, mode="stream"))
    warning = "! 100% of the validation text also occurs in train: there the validation loss"
    for height in (10, 30):
        rows = [words_of(row) for row in data_rows(model, DATA_VIEWS[0], width, height)]
        assert warning in " ".join(rows)


def test_repairs_of_the_text_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"Jos\xe9, born here\rZo\xeb\n" * 20 + b"Jos\xe9\n" * 9 + b"anna\nbo\n" * 90)
    model = model_of(make_preview(DataConfig(corpus=str(path), split="100/0/0")))
    shown = " ".join(words_of(row) for row in data_rows(model, DATA_VIEWS[0], 75, 30))
    assert "decoded as cp1252; data.encoding=NAME sets another encoding" in shown
    assert "20 lone carriage returns read as line ends" in shown
    model = model_of(make_preview(DataConfig(corpus=str(path), split="100/0/0", encoding="utf-8")))
    shown = " ".join(words_of(row) for row in data_rows(model, DATA_VIEWS[0], 75, 30))
    assert "! 49 bytes could not be decoded as utf-8" in shown


def test_warnings_of_a_run_are_shown_with_its_copy_of_the_text(preview: Preview) -> None:
    run = RunState(run="one", warnings=("2 bytes could not be decoded",))
    state = AppState(pending_config=preset_config("names-mlp"), preview=preview, run=run)
    assert "2 bytes" not in str(DataViewModel(state).notes)
    model = DataViewModel(replace(state, stored_data_config=preview.data))
    shown = [words_of(row) for row in data_rows(model, DATA_VIEWS[0], 60, 30)]
    assert "! 2 bytes could not be decoded" in shown


def test_the_only_batch_replaces_the_lines_of_the_corpus(tmp_path: Path) -> None:
    config = preset_config("one-batch")
    state = AppState(pending_config=config, preview=make_preview(config.data))
    before = [words_of(row) for row in example_rows(DataViewModel(state), 76, 5)]
    assert before[0] == "! the same 32 examples in each step; training shows which"
    batch = ((("e",), "l", 0.477), (("e",), "d", 0.478), (("o", "r", "d"), "i", 0.987))
    rows = [words_of(row) for row in example_rows(DataViewModel(state, batch=batch), 76, 9)]
    assert rows[0] == "! the 32 examples of the only batch, the same in each step"
    assert [row.split() for row in rows[2:]] == [
        ["·", "·", "e", "→", "l", "0.477"],
        ["·", "·", "e", "→", "d", "0.478"],
        ["o", "r", "d", "→", "i", "0.987"],
    ]
    scrolled = DataViewModel(state, batch=batch, first=99)
    assert words_of(example_rows(scrolled, 76, 3)[-1]).split()[:3] == ["o", "r", "d"]
    narrow = words_of(example_rows(DataViewModel(state, batch=batch), 34, 9)[0])
    assert narrow == "! the same 32 examples each step"
