"""Presenter of the guessing game: typed guesses and the predictions that they are scored against."""

from seqlm.data.tokenizer import END
from seqlm.errors import RequestError
from workbench.corpus.preview import Preview
from workbench.panes.generate.prompt import tokens_of
from workbench.panes.generate.requests import PredictionRequest, RequestTracker
from workbench.sampling.guessing_game import GuessingGame
from workbench.sampling.prediction import Prediction


class GamePresenter:
    """Logic of the guessing game, independent of Textual.

    The prediction is requested before the token is guessed and shown after the guess.

    Args:
        requests: View model and outbox of the pane.
    """

    def __init__(self, requests: RequestTracker) -> None:
        self._requests = requests
        self._preview: Preview | None = None
        self._request: PredictionRequest | None = None
        self._prediction: Prediction | None = None
        self._guess: str | None = None
        self._spelling = ""

    @property
    def pending_id(self) -> str:
        """Id of the request that a guess waits for; empty if no guess waits."""
        return self._request.request_id if self._guess is not None and self._request else ""

    def is_pending(self, request_id: str) -> bool:
        """Return True if this request is unanswered."""
        return self._request is not None and self._request.request_id == request_id

    @property
    def _game(self) -> GuessingGame:
        return self._requests.view.game or GuessingGame()

    def set_corpus(self, preview: Preview | None) -> None:
        """Set the corpus of the puzzles; another corpus starts a new game."""
        if preview is not self._preview:
            self._preview = preview
            self._clear_guess()
            self._requests.update_view(game=None, is_guessing=False)

    def load_puzzle(self) -> None:
        """Load a puzzle if there is a corpus and no puzzle yet."""
        view, game = self._requests.view, self._game
        if self._preview is not None and view.source.vocabulary and game.puzzle is None:
            self._requests.update_view(game=game.with_puzzle(self._preview, view.sampling.seed))

    def start(self) -> None:
        """Start guessing: typed characters are guesses from now on."""
        self.load_puzzle()
        if self._game.puzzle is not None:
            self._requests.update_view(is_guessing=True, message=None)
            self._request_prediction()

    def stop(self) -> None:
        """Stop guessing: typed characters are keys again; the game can be resumed later."""
        self._clear_guess()
        self._requests.update_view(is_guessing=False, message=None)

    def is_guess(self, typed: str) -> bool:
        """Return True for alphanumeric characters and tokens of the vocabulary; others are keys."""
        return typed.isalnum() or typed in self._requests.view.source.vocabulary

    def is_guess_key(self, key: str, character: str | None) -> bool:
        """Return True if a key is a guess: enter for the end, or a character that can be guessed."""
        return key == "enter" or bool(character and self.is_guess(character))

    def handle_key(self, key: str, character: str | None, is_stop_key: bool) -> bool:
        """Handle a key while guessing; return True if it was a guess or stopped the game."""
        if is_stop_key:
            self.stop()
        elif self.is_guess_key(key, character):
            try:
                self.guess("end" if key == "enter" else character or "")
            except RequestError as error:
                self._requests.show_message(f"{error}.", is_error=True)
        else:
            return False
        return True

    def guess(self, typed: str) -> None:
        """Guess a typed character, or the end of the text with the word ``end``.

        A token of several characters is typed one by one; then ``end`` completes the token.

        Raises:
            RequestError: The guess is not in the vocabulary.
        """
        view = self._requests.view
        if view.source.tokenizer.is_multi_character and typed != "end":
            self._spelling += typed
            self._requests.show_message(f"{self._spelling}_")
            return
        spelling, self._spelling = self._spelling, ""
        if spelling:
            guess = tokens_of(spelling, view.source)[0]
        elif typed == "end":
            guess = END if view.source.has_end else "\n"
            if guess not in view.source.vocabulary:
                return
        else:
            guess = tokens_of(typed, view.source)[0]
        self._guess = guess
        self._requests.update_view(message=None)
        self._score_guess()

    def receive_prediction(self, prediction: Prediction) -> None:
        """Apply the answer to the latest request of the game."""
        if self._request is not None and prediction.request_id == self._request.request_id:
            self._prediction, self._request = prediction, None
            self._score_guess()

    def cancel_query(self) -> None:
        """Cancel the pending request; the next guess sends a new request."""
        self._clear_guess()

    def _score_guess(self) -> None:
        if self._guess is None or self._preview is None:
            return
        if self._prediction is None:
            self._request_prediction()
            return
        game = self._game.after_guess(self._guess, self._prediction, self._preview)
        self._clear_guess()
        self._requests.update_view(game=game)
        self.load_puzzle()
        self._request_prediction()

    def _request_prediction(self) -> None:
        """Request the prediction for the next guessed token."""
        if self._request is None and self._prediction is None:
            tokens, weights = self._game.tokens_before, self._requests.view.source.weights
            request_id = self._requests.next_request_id()
            self._request = PredictionRequest(request_id, tokens, weights)
            self._requests.outbox.append(self._request)

    def _clear_guess(self) -> None:
        self._request = self._prediction = self._guess = None
        self._spelling = ""
