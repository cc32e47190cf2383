"""Tests of the panes with tokens of several characters."""

from pathlib import Path

import pytest
from generate_harness import presenter_with
from rich.cells import cell_len

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import END, UNKNOWN, WordTokenizer
from seqlm.presets import preset_config
from workbench.corpus.preview import Preview, make_preview
from workbench.panes.data.view_model import DataViewModel
from workbench.panes.data.views import DATA_VIEWS
from workbench.panes.generate.game import GamePresenter
from workbench.panes.generate.prompt import tokens_of, typed_text, unknown_in, usable_prompt
from workbench.panes.generate.render import generate_rows
from workbench.panes.generate.view_model import VIEWS, GenerateView, PredictionSource
from workbench.panes.pane_view import available_views
from workbench.sampling.from_worker import from_counts
from workbench.sampling.guessing_game import GuessingGame, make_puzzle
from workbench.state.app_state import AppState

TEXT = "".join(
    f"The {who} saw an extraordinarily-long {what}, this exam {n}!\n"
    for n, who in enumerate(("cat", "dog", "漢字") * 20)
    for what in ("mat", "umbrella")
)
WORDS = WordTokenizer().train(["i saw this exam"], [], "end")


@pytest.fixture(params=["byte", "word", "bpe"])
def preview(request: pytest.FixtureRequest, tmp_path: Path) -> Preview:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    mode = "stream" if request.node.name.count("stream") else "lines"
    return make_preview(DataConfig(corpus=str(path), tokenizer=request.param, mode=mode))  # type: ignore[arg-type]


def source_of(preview: Preview) -> PredictionSource:
    return PredictionSource("word-pair counts", "counts", None, preview.text.tokenizer)


@pytest.mark.parametrize("mode", ["lines", "stream"])
@pytest.mark.parametrize("width", [24, 36, 78, 118])
def test_data_views_fit_long_tokens(preview: Preview, mode: str, width: int) -> None:
    state = AppState(pending_config=preset_config("names-mlp"), preview=preview)
    model = DataViewModel(state, first=3, n_merges_done=5)
    views = [view.render(model, width, 12) for view in available_views(DATA_VIEWS, model)]
    for rows in views:
        assert 1 < len(rows) <= 12
        assert not any("\n" in words for row in rows for words, _ in row)
    nexts = {row[2][0].rstrip() for row in views[0][1:]}
    assert len(nexts) > 3


@pytest.mark.parametrize("size", [(118, 36), (78, 18), (36, 12), (20, 6)])
def test_every_view_of_generate_has_exactly_its_size(
    preview: Preview, size: tuple[int, int]
) -> None:
    presenter = presenter_with()
    presenter.requests.set_source(source_of(preview))
    presenter.set_prompt("The cat")
    for _ in range(5):
        presenter.sample_next()
        while presenter.requests.outbox:
            wanted = presenter.requests.outbox.pop(0)
            presenter.receive_prediction(from_counts(preview, wanted.request_id, wanted.tokens))
    presenter.requests.update_view(
        samples=tuple(preview.draw(presenter.view.text.prompt, 3, SampleConfig()))
    )
    presenter.requests.update_view(game=GuessingGame().with_puzzle(preview, 0))
    assert len(presenter.view.text.sampled) > 1
    for view in VIEWS:
        presenter.requests.update_view(showing=view)
        rows = generate_rows(presenter.view, *size)
        assert [cell_len(row.plain) for row in rows] == [size[0]] * size[1]


def test_prompt_is_tokenized_like_the_corpus(preview: Preview) -> None:
    source = source_of(preview)
    tokens = tokens_of("The cat saw", source)
    ids = preview.text.tokenizer.encode("The cat saw")
    assert [source.tokenizer.ids[token] for token in tokens] == ids
    assert tokens_of(typed_text(tokens, source), source) == tokens
    assert usable_prompt("The cat saw", source) == tokens


def test_unknown_word_is_reported() -> None:
    source = PredictionSource("", "live", 1, WORDS)
    assert tokens_of("I passed this exam", source) == ("i", UNKNOWN, "this", "exam")
    assert unknown_in("I passed this exam", source) == ["passed"]
    presenter = presenter_with()
    presenter.requests.set_source(source)
    presenter.set_prompt("I passed this exam")
    assert presenter.view.message is not None
    assert presenter.view.message.text == '"passed" is not in the vocabulary: read as ⁇.'


def test_puzzle_has_tokens_of_the_vocabulary(preview: Preview) -> None:
    puzzle = make_puzzle(preview, 0, 0)
    assert puzzle.tokens[-1] == END
    assert set(puzzle.tokens) <= set(preview.vocabulary)


def test_words_are_joined_by_the_separator() -> None:
    view = GenerateView(source=PredictionSource("", "live", 1, WORDS))
    assert view.glyphs(("this", "exam")) == "this exam"
    assert view.token_cells == 4


def test_word_is_guessed_letter_by_letter(preview: Preview) -> None:
    if not preview.text.tokenizer.is_multi_character:
        pytest.skip("a byte is one key")
    presenter = presenter_with()
    presenter.requests.set_source(source_of(preview))
    game = GamePresenter(presenter.requests)
    game.set_corpus(preview)
    game.start()
    for key in "the":
        assert game.is_guess(key)
        game.guess(key)
    assert presenter.view.message is not None
    assert presenter.view.message.text == "the_"
    game.guess("end")
    assert game.pending_id
    [*_, wanted] = presenter.requests.outbox
    game.receive_prediction(from_counts(preview, wanted.request_id, wanted.tokens))  # type: ignore[union-attr]
    assert presenter.view.game is not None
    assert presenter.view.game.last is not None
    assert "the".startswith(presenter.view.game.last.guess)
    game.guess("end")
    assert presenter.view.game.n_guesses == 1
