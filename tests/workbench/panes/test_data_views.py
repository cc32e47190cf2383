"""The views of the Data pane as rows: what a person can read off them at every width."""

from pathlib import Path

import pytest
from app_harness import AppHarness, wait_until_settled
from rich.cells import cell_len

from seqlm.configuration.run_config import DataConfig
from seqlm.presets import preset_config
from workbench.corpus.preview import Preview, make_preview
from workbench.panes.data.merges import merge_rows, n_merges
from workbench.panes.data.pairs import pair_rows
from workbench.panes.data.render import fed_rows, folded_row, token_rows
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

WIDTHS = (28, 33, 41, 75, 115)
SLIDES = "Once upon a cold morning, this bell: a cold wind! I nearly missed this exam."


def words_of(row: Row) -> str:
    return "".join(words for words, _ in row)


def of_text(folder: Path, text: str, **settings: object) -> Preview:
    path = folder / "text.txt"
    path.write_text(text)
    return make_preview(DataConfig(corpus=str(path), **settings))  # type: ignore[arg-type]


@pytest.fixture
def grown(tmp_path: Path) -> Preview:
    text = "the other weather\nthen there\n" * 3 + "the end\n"
    return of_text(tmp_path, text, tokenizer="bpe", merges=9, mode="stream", split="100/0/0")


@pytest.fixture(scope="module")
def recall() -> Preview:
    config = preset_config("recall-lstm").data
    return make_preview(config)


def test_every_token_stands_beside_its_id(tmp_path: Path) -> None:
    preview = of_text(tmp_path, SLIDES, tokenizer="word", mode="stream", split="100/0/0")
    rows = [words_of(row).split() for row in token_rows(preview, 0, 60, 40, False)]
    assert rows[0][:2] == ["id", "token"]
    found = {int(id_): (token, count) for id_, token, _, count, *_ in rows[1:]}
    assert [found[id_][0] for id_ in sorted(found)] == [
        *("once", "upon", "a", "cold", "morning", "this", "bell"),
        *("wind", "i", "nearly", "missed", "exam", "⁇"),
    ]
    assert (found[0][1], found[2][1], found[12][1]) == ("1", "2", "0")


@pytest.mark.parametrize("width", WIDTHS)
def test_of_a_line_to_recall_its_first_symbol_is_seen(recall: Preview, width: int) -> None:
    situation = AppState(asked=preset_config("recall-lstm"), preview=recall)
    rows = fed_rows(situation, recall, 0, width, 6, {})[1:]
    assert len(rows) == 5
    for row, item in zip(rows, recall.text.items["train"], strict=False):
        seen, symbols = row[0][0].split(), item.split()
        assert seen[0] == row[2][0].strip() == symbols[0]
        assert seen[-1] == symbols[-2]
        assert "…" in seen


def test_folded_too_the_first_symbol_is_seen(recall: Preview) -> None:
    situation = AppState(asked=preset_config("recall-lstm"), preview=recall)
    _, pairs = words_of(folded_row(situation, 120)).split("│ ")
    first, answer = pairs.split("  ")[0].split(" → ")
    assert first.split()[0] == answer


def test_symbols_and_numbers_are_called_so(recall: Preview) -> None:
    assert recall.description.vocabulary == "8 tokens: 8 symbols"
    assert recall.text.tokenizer.one == "symbol"
    counting = make_preview(preset_config("counting").data)
    assert counting.text.tokenizer.one == "number"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_legend_of_the_pairs_is_whole(preview: Preview, width: int) -> None:
    legend = words_of(pair_rows(preview, 0, width, 8, False)[-1])
    assert cell_len(legend) <= width
    assert [legend.count(shade) for shade in "░▒▓█"] == [1, 1, 1, 1]
    assert legend.removesuffix(" and more").endswith("0.2")


def test_a_line_grows_together_merge_by_merge(grown: Preview) -> None:
    def shown(n_done: int) -> list[str]:
        return [words_of(row) for row in merge_rows(grown, 0, n_done, 60, 20, False)]

    assert n_merges(grown) == 9
    assert shown(0)[1].strip() == "t h e ␣ o t h e r ␣ w e a t h e r"
    assert shown(0)[0] == "after 0 of 9 merges: 17 characters are 17 tokens"
    assert shown(1)[1].strip() == "t he ␣ o t he r ␣ w e a t he r"
    assert shown(2)[1].strip() == "the ␣ o the r ␣ w e a the r"
    merges = [row.split() for row in shown(2)[4:]]
    assert merges[0] == ["0", "single", "characters"]
    assert merges[1] == ["1", "h", "+", "e", "→", "he", "16"]
    assert merges[2] == ["▸", "2", "t", "+", "he", "→", "the", "16"]
    assert len(merges) == 10


def test_a_line_of_a_stream_begins_with_a_whole_word(grown: Preview) -> None:
    tokens = list(grown.stream)
    inside = next(i for i, token in enumerate(tokens) if token[0] not in " \n" and i)
    text = words_of(merge_rows(grown, inside, 0, 60, 20, False)[1])
    assert text.startswith("␣")


async def test_the_merges_are_a_view_where_there_are_some(
    harness: AppHarness, grown: Preview
) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        pane = app.main.data
        pane.action_view(-1)
        assert pane.about(30) == "pairs 5/5"
        pane.show(AppState(asked=app.situation.asked, preview=grown))
        pane.action_view(1)
        assert pane.about(30) == "merges 6/6"
        n_before = len(pane.wanted())
        for key, n_done in (("end", 9), ("up", 8), ("pageup", 0), ("down", 1)):
            pane.focus()
            await pilot.press(key)
            [marked] = [row for row in map(words_of, pane.body(33, 20)) if "▸" in row]
            assert marked.split()[1] == str(n_done)
        assert n_before == 0
        pane.show(app.situation)
        assert pane.about(30) == "as fed 1/5"
