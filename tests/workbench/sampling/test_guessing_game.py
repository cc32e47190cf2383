import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration.data_config import DataConfig
from seqlm.generation.sampler import entropy
from workbench.corpus.preview import Preview, make_preview
from workbench.sampling.from_worker import from_counts
from workbench.sampling.guessing_game import GuessingGame, make_puzzle, player_probability
from workbench.sampling.prediction import Prediction


def test_player_probability_is_a_distribution(preview: Preview) -> None:
    probabilities = [player_probability(preview, "e", token) for token in preview.vocabulary]
    assert math.fsum(probabilities) == pytest.approx(1)
    assert max(probabilities) == player_probability(preview, "e", "e") > 0.5
    assert min(probabilities) > 0


@given(seed=st.integers(0, 999), number=st.integers(0, 50))
def test_puzzle_is_from_val_and_reproducible(preview: Preview, seed: int, number: int) -> None:
    puzzle = make_puzzle(preview, seed, number)
    assert puzzle == make_puzzle(preview, seed, number)
    assert puzzle.split == "val"
    assert "".join(puzzle.tokens[:-1]) in preview.text.items["val"]
    assert puzzle.tokens[-1] == preview.vocabulary[-1]
    assert 0 < puzzle.n_shown < len(puzzle.tokens)


def test_stream_puzzle_shows_more_tokens(tmp_path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("the cat sat on the mat and looked at the bird in the tree. " * 40)
    stream = make_preview(DataConfig(corpus=str(path)))
    puzzle = make_puzzle(stream, 0, 0)
    assert (puzzle.n_shown, len(puzzle.tokens)) == (24, 36)
    assert "".join(puzzle.tokens) in stream.text.items["val"][0]


def test_guess_is_scored_by_the_probability_of_the_target(preview: Preview) -> None:
    game = GuessingGame().with_puzzle(preview, 0)
    assert game.puzzle is not None
    truth = game.puzzle.tokens[1]
    shares = {"e": 0.25, truth: 0.5, "∎": 0.25} if truth != "e" else {"e": 0.5, "∎": 0.5}
    probabilities = array("d", shares.values())
    ids = array("i", range(len(shares)))
    predicted = Prediction("q", tuple(shares), ids, probabilities, entropy(probabilities), 7)
    after = game.after_guess("e", predicted, preview)
    assert after.last is not None
    assert after.last.target == truth
    assert after.last.model_nats == after.model_nats == pytest.approx(math.log(2))
    assert after.player_nats == pytest.approx(-math.log(player_probability(preview, "e", truth)))
    counts = from_counts(preview, "q", game.tokens_before)
    assert after.bigram_nats == pytest.approx(-math.log(counts.probability_of(truth)))
    assert (after.n_guesses, after.place, len(after.tokens_before)) == (1, 2, 2)


def test_game_continues_with_the_next_puzzle(preview: Preview) -> None:
    game, n_tokens = GuessingGame(), 0
    for _ in range(40):
        if game.puzzle is None:
            game = game.with_puzzle(preview, 3)
            assert game.puzzle is not None
            n_tokens += len(game.puzzle.tokens) - 1
        counts = from_counts(preview, "q", game.tokens_before)
        game = game.after_guess(game.puzzle.tokens[game.place], counts, preview)
        assert game.model_nats == pytest.approx(game.bigram_nats)
    assert game.n_guesses == 40
    assert game.n_puzzles > 3
    assert game.player_nats < game.model_nats  # who knows every letter pays at most ln 2 for each
    assert game.player_nats <= 40 * math.log(2)
