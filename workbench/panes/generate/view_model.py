"""Everything one frame of the Generate pane shows, as plain data."""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct, field

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import END, AnyTokenizer, CharTokenizer
from seqlm.generation import sampler
from workbench.render.sanitize import token_glyph
from workbench.sampling.branches import Branch
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree
from workbench.widgets.appearance import Appearance

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import SampleResult
    from workbench.corpus.novelty import NoveltyResult
    from workbench.sampling.guessing_game import GuessingGame

Showing = Literal["step", "samples", "stages", "tree", "guess"]
VIEWS: tuple[Showing, ...] = get_args(Showing)
_LEAST_CELLS, _MOST_CELLS = 4, 12


class PredictionSource(Struct, frozen=True):
    """Who answers.

    Attributes:
        label: What to call the model before it has a step.
        weights: The weights to ask for.
        step: The newest step there is; None while nothing is trained.
        tokenizer: Cuts a prompt as the model was taught, and knows every token.
    """

    label: str = ""
    weights: str = "live"
    step: int | None = None
    tokenizer: AnyTokenizer = CharTokenizer()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every token, by id."""
        return self.tokenizer.tokens

    @property
    def has_end(self) -> bool:
        """Whether items end with the end token."""
        return self.tokenizer.end_id is not None


class Message(Struct, frozen=True):
    """Something to know, or why something was refused: at the bottom, or under the prompt's field."""

    text: str
    is_error: bool = False
    is_under_field: bool = False


class GenerateView(Struct, frozen=True, dict=True):
    """One frame.

    Attributes:
        text: The prompt, its branches, and the cursor.
        pending: What is expected at the cursor while no token stands there.
        candidate: The candidate under the table's cursor, 0 the most probable.
        sampling: How tokens are drawn.
        source: Who answers.
        same_draw: (step, text) of the same draw with the weights of some steps, oldest first.
        samples: The latest ones; None before any were asked for.
        samples_step: Of the weights that drew them; None for counts.
        first_sample: The first of them that is shown where they have no room.
        findings: What is known about texts, by the text and whether it met its end.
        game: How the guessing game stands; None before it was looked at.
        is_guessing: Whether letters typed are guesses.
        showing: Which view of the pane.
        message: What is told, if anything.
        about_prompt: What is to be known of the prompt, in words; told where there is no message.
        waited_s: How long an answer has been waited for, once that is worth telling.
        look: Colours and signs.
    """

    text: SampleTree = field(default_factory=SampleTree)
    pending: Prediction | None = None
    candidate: int = 0
    sampling: SampleConfig = field(default_factory=SampleConfig)
    source: PredictionSource = field(default_factory=PredictionSource)
    same_draw: tuple[tuple[int, str], ...] = ()
    samples: tuple["SampleResult", ...] | None = None
    samples_step: int | None = None
    first_sample: int = 0
    findings: Mapping[tuple[str, bool], "NoveltyResult"] = {}
    game: "GuessingGame | None" = None
    is_guessing: bool = False
    showing: Showing = "step"
    message: Message | None = None
    about_prompt: str = ""
    waited_s: float | None = None
    look: Appearance = field(default_factory=Appearance)

    @property
    def prediction(self) -> Prediction | None:
        """What the model expects at the cursor."""
        return self.text.here.prediction if self.text.here else self.pending

    @property
    def is_holding(self) -> bool:
        """Whether a text stands there whose weights are kept as they were."""
        return bool(self.text.drawn)

    @property
    def has_to_let_go(self) -> bool:
        """Whether something drawn stands between the pane and following the newest weights."""
        return self.is_holding or any(b.drawn and not b.is_kept for b in self.text.branches)

    @cached_property
    def stages(self) -> list[sampler.SamplerStage]:
        """What each stage of the sampler makes of the candidates at the cursor."""
        return self.prediction.stages(self.sampling) if self.prediction else []

    @cached_property
    def options(self) -> list[sampler.Candidate]:
        """The candidates at the cursor, with the present sampling; ``token_id`` is their place."""
        if self.prediction is None or not self.prediction.ids:
            return []
        pairs = zip(self.prediction.probabilities, self.stages[-1].values, strict=True)
        return [sampler.Candidate(i, p, sampled) for i, (p, sampled) in enumerate(pairs)]

    @cached_property
    def cutters(self) -> list[sampler.StageName | None]:
        """By candidate, the stage that cut it; None where it was not cut."""
        found: list[sampler.StageName | None] = [None] * len(self.options)
        for stage in self.stages:
            for place in stage.cut:
                found[place] = stage.name
        return found

    @property
    def u(self) -> float | None:
        """The number that chose the token at the cursor, or will; None for one taken by hand."""
        if self.text.here:
            return self.text.here.u
        return sampler.uniform_random(self.sampling.seed, self.text.branch.sample, self.text.cursor)

    @property
    def entropy_sampled_nats(self) -> float:
        """How undecided the draw is, after the sampling settings."""
        return self.stages[-1].entropy_nats if self.stages else 0.0

    def token(self, index: int) -> str:
        """The token of a candidate."""
        return self.prediction.token(index) if self.prediction else ""

    def nats(self, branch: Branch) -> list[float | None]:
        """The surprisal of each token of the prompt and of a branch, None where it is unknown."""
        pending = self.pending if branch is self.text.branch else None
        first = branch.drawn[0].prediction if branch.drawn else pending
        n_prompt = len(self.text.prompt)
        known = list(first.surprisal) if first else []
        of_prompt = ([None] * n_prompt + known)[-n_prompt:] if n_prompt else []
        return [*of_prompt, *(token.surprisal for token in branch.drawn)]

    def finding(self, branch: Branch) -> "NoveltyResult | None":
        """What is known about a branch's text."""
        return self.findings.get(self.lookup(branch))

    def lookup(self, branch: Branch) -> tuple[str, bool]:
        """Under what a branch's text is looked up: the text without its end token, and if it had one."""
        tokens = [token.token for token in branch.drawn if token.token != END]
        return self.source.tokenizer.join([*self.text.prompt, *tokens]), branch.has_ended

    def glyph(self, token: str) -> str:
        """How a token is shown."""
        return token_glyph(token, self.look.ascii_only)

    def glyphs(self, tokens: Iterable[str]) -> str:
        """How tokens in a row are shown."""
        return self.source.tokenizer.separator.join(map(self.glyph, tokens))

    @property
    def token_cells(self) -> int:
        """The cells that a token gets in a table; a longer one is cut."""
        return min(_MOST_CELLS, max(_LEAST_CELLS, self.source.tokenizer.max_token_length))


def mean_nats(nats: list[float | None]) -> float | None:
    """The mean of the known ones."""
    known = [value for value in nats if value is not None]
    return math.fsum(known) / len(known) if known else None
