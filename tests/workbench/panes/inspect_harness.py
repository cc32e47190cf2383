"""App with the Inspect pane alone, whose queries are answered from recordings."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from seqlm.configuration.run_config import RunConfig
from seqlm.data.tokenizer import AnyTokenizer
from seqlm.protocol.queries import Inspect, InspectAnswer
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview, make_preview
from workbench.panes.inspect.pane import InspectPane
from workbench.panes.inspect.view_model import InspectSource
from workbench.render.palette import DARK, Palette
from workbench.state.app_state import AppState

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECIPES = {
    "mlp": "names-mlp-2d",
    "lstm": "names-lstm",
    "transformer": "names-transformer",
    "bigram": "names-bigram-net",
    "ngram": "names-bigram",
}


@cache
def recorded_answers(name: str) -> dict[str, InspectAnswer]:
    """Return the recorded answer for each view of a model."""
    content = (RECORDINGS / f"inspect_{name}.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, InspectAnswer])


@cache
def config_of(name: str) -> RunConfig:
    return recipe.parse_recipe(RECIPES[name])


@cache
def preview_of(name: str) -> Preview:
    return make_preview(config_of(name).data)


class InspectApp(App[None]):
    """Inspect pane of one model.

    Attributes:
        queries: Queries in the order in which the pane posted them.
        answers: Answer for each view.
        tokenizer: Tokenizer of the model.
        is_answering: False to leave the queries unanswered.
    """

    def __init__(
        self, name: str, palette: Palette = DARK, ascii_only: bool = False, text: str = "marie"
    ) -> None:
        super().__init__(ansi_color=not palette.background)
        self.name_of_model, self.text = name, text
        self.queries: list[Inspect] = []
        self.answers = dict(recorded_answers(name))
        self.is_answering = True
        self.tokenizer: AnyTokenizer = preview_of(name).text.tokenizer
        self._palette, self._ascii_only = palette, ascii_only

    def compose(self) -> ComposeResult:
        yield InspectPane(lambda: self.text, id="inspect")

    @property
    def pane(self) -> InspectPane:
        return self.query_one(InspectPane)

    def on_mount(self) -> None:
        pane = self.pane
        pane.set_appearance(self._palette, self._ascii_only)
        config = config_of(self.name_of_model)
        pane.set_state(AppState(config, preview=preview_of(self.name_of_model)))
        pane.focus()

    def use_model(self, step: int = 600, **changes: Any) -> None:
        """Let the model of a step answer."""
        source = InspectSource("live", step, f"step {step:,}", self.tokenizer)
        self.pane.requests.set_source(replace(source, **changes))

    def on_inspect_pane_view_requested(self, message: InspectPane.ViewRequested) -> None:
        query = message.query
        self.queries.append(query)
        if self.is_answering:
            self.pane.requests.receive_answer(self.answer_to(query))

    def answer_to(self, query: Inspect) -> InspectAnswer:
        answer = replace(self.answers[query.view], id=query.id, without=query.without)
        return replace(answer, loss=(answer.loss or 0.0) + 0.25) if query.without else answer


async def open_view(pilot: Pilot[None], name: str) -> InspectPane:
    """Let the model answer, and press ``v`` until a view is shown."""
    app = pilot.app
    assert isinstance(app, InspectApp)
    await pilot.pause()
    app.use_model()
    await pilot.pause()
    for _ in app.pane.VIEWS:
        if app.pane.model.view_name == name:
            break
        await pilot.press("v")
        await pilot.pause()
    assert app.pane.model.view_name == name
    await pilot.pause()
    return app.pane


def shown_text(pane: InspectPane) -> str:
    """Return the cells of the pane."""
    return "".join(f"{strip.text.rstrip()}\n" for strip in pane.draw_strips(*pane.size))
