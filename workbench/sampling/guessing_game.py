"""The guessing game: a person types the next letter of a held-out text, then the model shows its hand.

All three are scored by what they gave the letter that stood there, in nats: the person's belief is
half on the letter typed and half on how common each letter is in train.
"""

import math
import random

from msgspec import Struct
from msgspec.structs import replace

from seqlm.data.split import Split
from workbench.corpus.preview import Preview
from workbench.sampling.prediction import Prediction

_GIVEN_OF_STREAM, _ASKED_OF_STREAM = 24, 12
_LONGEST_TOKEN = 16  # characters; a riddle of longer ones is shorter


class Puzzle(Struct, frozen=True):
    """A text whose tokens are guessed one by one.

    Attributes:
        tokens: All of it, the end token included where there is one.
        n_given: So many stand there from the start.
        split: Where it is from.
    """

    tokens: tuple[str, ...]
    n_given: int
    split: Split


class Guess(Struct, frozen=True):
    """One guess, uncovered.

    Attributes:
        before: What stood there.
        said: The token that the person typed.
        truth: The token that came.
        p_said: What the model gave the typed one.
        you: Nats that the truth cost the person.
        bigram: Nats that it cost the pair counts.
        model: Nats that it cost the model.
        prediction: The model's hand.
    """

    before: tuple[str, ...]
    said: str
    truth: str
    p_said: float
    you: float
    bigram: float
    model: float
    prediction: Prediction


class GuessingGame(Struct, frozen=True):
    """How the game stands.

    Attributes:
        puzzle: The text that is guessed; None before the first.
        place: Of the token that is guessed next.
        number: How many texts there were before.
        n: Guesses made.
        you: Nats of them all, of the person.
        bigram: The same of the pair counts.
        model: The same of the model.
        last: The guess that was uncovered last.
    """

    puzzle: Puzzle | None = None
    place: int = 0
    number: int = 0
    n: int = 0
    you: float = 0.0
    bigram: float = 0.0
    model: float = 0.0
    last: Guess | None = None

    @property
    def before(self) -> tuple[str, ...]:
        """What stands before the token that is guessed."""
        return self.puzzle.tokens[: self.place] if self.puzzle else ()

    def with_puzzle(self, preview: Preview, seed: int) -> "GuessingGame":
        """The next text of the series that the seed fixes."""
        puzzle = puzzle_of(preview, seed, self.number)
        return replace(self, puzzle=puzzle, place=puzzle.n_given, number=self.number + 1)

    def uncovered(self, said: str, prediction: Prediction, preview: Preview) -> "GuessingGame":
        """The game after a guess; at the text's end there is no puzzle."""
        if self.puzzle is None:
            return self
        truth = self.puzzle.tokens[self.place]
        ids = preview.text.tokenizer.ids
        guess = Guess(
            before=self.before,
            said=said,
            truth=truth,
            p_said=prediction.probability_of(said),
            you=-math.log(player_probability(preview, said, truth)),
            bigram=-math.log(preview.probabilities(self.before)[ids[truth]]),
            model=-math.log(max(prediction.probability_of(truth), 1e-300)),
            prediction=prediction,
        )
        is_over = self.place + 1 == len(self.puzzle.tokens)
        return replace(
            self,
            puzzle=None if is_over else self.puzzle,
            place=self.place + 1,
            n=self.n + 1,
            you=self.you + guess.you,
            bigram=self.bigram + guess.bigram,
            model=self.model + guess.model,
            last=guess,
        )


def player_probability(preview: Preview, said: str, token: str) -> float:
    """The probability that a person who typed ``said`` is taken to give ``token``.

    Half of it lies on the typed one, half on how often each stands in train, 1 added to each count.
    """
    counts = dict(preview.description.common)
    total = sum(counts.values()) + len(preview.vocabulary)
    return 0.5 * (said == token) + 0.5 * (counts.get(token, 0) + 1) / total


def puzzle_of(preview: Preview, seed: int, number: int) -> Puzzle:
    """A text out of val, where there is one: what was trained on would be no riddle to the model."""
    split: Split = "val" if preview.text.items["val"] else "train"
    items = preview.text.items[split]
    chance = random.Random(f"guess/{seed}/{number}")
    if preview.text.corpus.mode == "stream":
        text = items[0]
        size = _GIVEN_OF_STREAM + _ASKED_OF_STREAM
        begin = chance.randrange(max(1, len(text) - size))
        begin = preview.text.tokenizer.safe_split_point(text, begin)
        piece = _tokens(preview, text[begin : begin + size * _LONGEST_TOKEN])[:size]
        return Puzzle(piece, max(1, min(_GIVEN_OF_STREAM, len(piece) - 1)), split)
    end = (preview.vocabulary[-1],) if preview.has_end else ()
    least = 1 if preview.has_end else 2
    first = chance.randrange(len(items))
    places = (*range(first, len(items)), *range(first))
    cut = preview.text.tokenizer.split
    item = next(items[i] for i in places if len(cut(items[i])) >= least)
    return Puzzle((*_tokens(preview, item), *end), 1, split)


def _tokens(preview: Preview, text: str) -> tuple[str, ...]:
    """The tokens of a text as the model knows them."""
    tokenizer = preview.text.tokenizer
    return tuple(map(tokenizer.tokens.__getitem__, tokenizer.encode(text)))
