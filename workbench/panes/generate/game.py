"""The guessing game in the Generate pane: what is typed, and what is asked of the model for it."""

from seqlm.data.tokenizer import END
from workbench.corpus.preview import Preview
from workbench.panes.generate.prompt import tokens_of
from workbench.panes.generate.requests import PredictionRequest, RequestTracker
from workbench.sampling.guessing_game import GuessingGame
from workbench.sampling.prediction import Prediction


class GamePresenter:
    """Asks what the model expects before a letter is guessed, and uncovers it after.

    Args:
        questions: Holds the view and sends questions on.
    """

    def __init__(self, questions: RequestTracker) -> None:
        self._questions = questions
        self._preview: Preview | None = None
        self._asked: PredictionRequest | None = None
        self._hand: Prediction | None = None
        self._said: str | None = None
        self._spelled = ""

    @property
    def waits_for(self) -> str:
        """The id of the question that a guess waits for; empty if none does."""
        return self._asked.request_id if self._said is not None and self._asked else ""

    def is_waiting_for(self, request_id: str) -> bool:
        """Whether this question waits for its answer."""
        return self._asked is not None and self._asked.request_id == request_id

    @property
    def _game(self) -> GuessingGame:
        return self._questions.view.game or GuessingGame()

    def use_text(self, preview: Preview | None) -> None:
        """Plays with another text: the game begins anew."""
        if preview is not self._preview:
            self._preview = preview
            self._forget()
            self._questions.change(game=None, is_guessing=False)

    def show(self) -> None:
        """Has a riddle to show, if there is a text."""
        view, game = self._questions.view, self._game
        if self._preview is not None and view.source.vocabulary and game.puzzle is None:
            self._questions.change(game=game.with_puzzle(self._preview, view.sampling.seed))

    def begin(self) -> None:
        """From now on letters are guesses."""
        self.show()
        if self._game.puzzle is not None:
            self._questions.change(is_guessing=True, message=None)
            self._go_on()

    def is_guess(self, typed: str) -> bool:
        """Whether what was typed is meant as a guess: a sign that no text has stays a key."""
        return typed.isalnum() or typed in self._questions.view.source.vocabulary

    def leave(self) -> None:
        """Letters are keys again; the game can go on later."""
        self._forget()
        self._questions.change(is_guessing=False, message=None)

    def guess(self, typed: str) -> None:
        """Takes a letter, or the word ``end`` for the end of the text.

        A token of several letters is spelled; then ``end`` says that it is complete.

        Raises:
            RequestError: It is not in the vocabulary.
        """
        view = self._questions.view
        if view.source.tokenizer.is_multi_character and typed != "end":
            self._spelled += typed
            self._questions.say(f"{self._spelled}_")
            return
        spelled, self._spelled = self._spelled, ""
        if spelled:
            said = tokens_of(spelled, view.source)[0]
        elif typed == "end":
            said = END if view.source.has_end else "\n"
            if said not in view.source.vocabulary:
                return
        else:
            said = tokens_of(typed, view.source)[0]
        self._said = said
        self._questions.change(message=None)
        self._uncover()

    def take_prediction(self, prediction: Prediction) -> None:
        """Takes the answer to its own last question."""
        if self._asked is not None and prediction.request_id == self._asked.request_id:
            self._hand, self._asked = prediction, None
            self._uncover()

    def give_up(self) -> None:
        """What was asked is not answered; the next guess asks again."""
        self._forget()

    def _uncover(self) -> None:
        if self._said is None or self._preview is None:
            return
        if self._hand is None:
            self._go_on()
            return
        game = self._game.uncovered(self._said, self._hand, self._preview)
        self._forget()
        self._questions.change(game=game)
        self.show()
        self._go_on()

    def _go_on(self) -> None:
        """Asks what the model expects at the place that is guessed next."""
        if self._asked is None and self._hand is None:
            tokens, weights = self._game.before, self._questions.view.source.weights
            self._asked = PredictionRequest(self._questions.next_id(), tokens, weights)
            self._questions.outbox.append(self._asked)

    def _forget(self) -> None:
        self._asked = self._hand = self._said = None
        self._spelled = ""
