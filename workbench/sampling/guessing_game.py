"""Guessing game: a person and the model predict the next token of a text not used for training.

The person, the bigram counts and the model are scored by -ln of the probability that each gives to
the token that comes next, in nats. A person gives half of the probability to the typed token and
half to the token frequencies of train.
"""

import math
import random

from msgspec import Struct
from msgspec.structs import replace

from seqlm.data.split import Split
from workbench.corpus.preview import Preview
from workbench.sampling.prediction import Prediction

_STREAM_N_SHOWN, _STREAM_N_GUESSED = 24, 12
_MAX_FREQUENCIES = 100
_LONGEST_TOKEN = 16  # characters; a puzzle of longer tokens is shorter


class Puzzle(Struct, frozen=True):
    """Text whose tokens are guessed one by one.

    Attributes:
        tokens: Tokens of the text, with the end token if the corpus has one.
        n_shown: Number of tokens that are shown at the start.
        split: Split that the text is from.
    """

    tokens: tuple[str, ...]
    n_shown: int
    split: Split


class Guess(Struct, frozen=True):
    """Scored guess.

    Attributes:
        tokens_before: Tokens before the guessed one.
        guess: Token that the person typed.
        target: Token of the text.
        guess_probability: Probability of the typed token under the model.
        player_nats: Surprisal of the target for the person.
        bigram_nats: Surprisal of the target under the bigram counts.
        model_nats: Surprisal of the target under the model.
        prediction: Prediction of the model.
    """

    tokens_before: tuple[str, ...]
    guess: str
    target: str
    guess_probability: float
    player_nats: float
    bigram_nats: float
    model_nats: float
    prediction: Prediction


class GuessingGame(Struct, frozen=True):
    """State of the game.

    Attributes:
        puzzle: Current text; None before the first puzzle and after the end of a text.
        place: Index of the next guessed token.
        n_puzzles: Number of puzzles so far.
        n_guesses: Number of guesses so far.
        player_nats: Sum of the person's surprisal over all guesses.
        bigram_nats: Sum of the surprisal under the bigram counts.
        model_nats: Sum of the surprisal under the model.
        last: Last scored guess.
        frequencies: Tokens by their frequency in train, the most frequent first.
    """

    puzzle: Puzzle | None = None
    place: int = 0
    n_puzzles: int = 0
    n_guesses: int = 0
    player_nats: float = 0.0
    bigram_nats: float = 0.0
    model_nats: float = 0.0
    last: Guess | None = None
    frequencies: tuple[tuple[str, float], ...] = ()

    @property
    def tokens_before(self) -> tuple[str, ...]:
        """Tokens before the next guessed one."""
        return self.puzzle.tokens[: self.place] if self.puzzle else ()

    def with_puzzle(self, preview: Preview, seed: int) -> "GuessingGame":
        """Return the game with the next puzzle of the series that the seed fixes."""
        puzzle = make_puzzle(preview, seed, self.n_puzzles)
        return replace(
            self,
            puzzle=puzzle,
            place=puzzle.n_shown,
            n_puzzles=self.n_puzzles + 1,
            frequencies=self.frequencies or token_frequencies(preview),
        )

    def after_guess(self, guess: str, prediction: Prediction, preview: Preview) -> "GuessingGame":
        """Return the game after a guess; at the end of the text the game has no puzzle.

        Args:
            guess: Token that the person typed.
            prediction: Prediction of the model for the guessed place.
            preview: Corpus, for the frequencies and the bigram counts.
        """
        if self.puzzle is None:
            return self
        target = self.puzzle.tokens[self.place]
        ids = preview.text.tokenizer.ids
        scored = Guess(
            tokens_before=self.tokens_before,
            guess=guess,
            target=target,
            guess_probability=prediction.probability_of(guess),
            player_nats=-math.log(player_probability(preview, guess, target)),
            bigram_nats=-math.log(preview.probabilities(self.tokens_before)[ids[target]]),
            model_nats=-math.log(max(prediction.probability_of(target), 1e-300)),
            prediction=prediction,
        )
        is_over = self.place + 1 == len(self.puzzle.tokens)
        return replace(
            self,
            puzzle=None if is_over else self.puzzle,
            place=self.place + 1,
            n_guesses=self.n_guesses + 1,
            player_nats=self.player_nats + scored.player_nats,
            bigram_nats=self.bigram_nats + scored.bigram_nats,
            model_nats=self.model_nats + scored.model_nats,
            last=scored,
        )


def token_frequencies(preview: Preview) -> tuple[tuple[str, float], ...]:
    """Return the most frequent tokens of train with their shares."""
    common = preview.description.common[:_MAX_FREQUENCIES]
    total = max(1, sum(n for _, n in preview.description.common))
    return tuple((token, n / total) for token, n in common)


def player_probability(preview: Preview, guess: str, token: str) -> float:
    """Return the probability of a token under the distribution of a person who typed `guess`.

    Half of the probability is on the typed token, half is the frequency in train with 1 added to
    each count.
    """
    counts = dict(preview.description.common)
    total = sum(counts.values()) + len(preview.vocabulary)
    return 0.5 * (guess == token) + 0.5 * (counts.get(token, 0) + 1) / total


def make_puzzle(preview: Preview, seed: int, number: int) -> Puzzle:
    """Return a text of val, or of train if val is empty; seed and number fix which one."""
    split: Split = "val" if preview.text.items["val"] else "train"
    items = preview.text.items[split]
    rng = random.Random(f"guess/{seed}/{number}")
    if preview.text.corpus.mode == "stream":
        text = items[0]
        size = _STREAM_N_SHOWN + _STREAM_N_GUESSED
        start = rng.randrange(max(1, len(text) - size))
        start = preview.text.tokenizer.safe_split_point(text, start)
        tokens = _tokens(preview, text[start : start + size * _LONGEST_TOKEN])[:size]
        return Puzzle(tokens, max(1, min(_STREAM_N_SHOWN, len(tokens) - 1)), split)
    end = (preview.vocabulary[-1],) if preview.has_end else ()
    min_tokens = 1 if preview.has_end else 2
    first = rng.randrange(len(items))
    order = (*range(first, len(items)), *range(first))
    split_text = preview.text.tokenizer.split
    item = next(items[i] for i in order if len(split_text(items[i])) >= min_tokens)
    return Puzzle((*_tokens(preview, item), *end), 1, split)


def _tokens(preview: Preview, text: str) -> tuple[str, ...]:
    """Return the tokens of a text, with unknown tokens replaced."""
    tokenizer = preview.text.tokenizer
    return tuple(map(tokenizer.tokens.__getitem__, tokenizer.encode(text)))
