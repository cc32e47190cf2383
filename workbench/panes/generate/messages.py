"""What the Generate pane asks the app for."""

from textual.message import Message


class PredictionRequested(Message, namespace="generate_pane"):
    """What comes after these tokens, under these weights? `predicted` takes the answer."""

    def __init__(self, request_id: str, tokens: tuple[str, ...], weights: str) -> None:
        super().__init__()
        self.request_id, self.tokens, self.weights = request_id, tokens, weights


class SamplesRequested(Message, namespace="generate_pane"):
    """`count` continuations of the prompt are wanted; `samples_drawn` takes them."""

    def __init__(self, request_id: str, prompt: tuple[str, ...], count: int) -> None:
        super().__init__()
        self.request_id, self.prompt, self.count = request_id, prompt, count


class TemperatureChangeRequested(Message, namespace="generate_pane"):
    """A person halved or doubled the temperature."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value
