"""View model of the Generate pane: everything that one frame shows, as plain data."""

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

if TYPE_CHECKING:  # the first frame does not need these modules
    from seqlm.protocol.queries import SampleResult
    from workbench.corpus.novelty import NoveltyResult
    from workbench.sampling.guessing_game import GuessingGame

ViewName = Literal["next token", "samples", "stages", "tree", "guess"]
VIEWS: tuple[ViewName, ...] = get_args(ViewName)
_MIN_CELLS, _MAX_CELLS = 4, 12
_LOWEST_TEMPERATURE = 1 / 64
"""The temperature next to 0 (greedy) when it is halved or doubled."""


class PredictionSource(Struct, frozen=True):
    """Model or counts that answer the requests.

    Attributes:
        label: Name of the weights for the title.
        weights: Weights to query.
        step: Step of the newest weights; None for counts.
        tokenizer: Tokenizer of the model.
        default_prompt: Tokens before a text without a prompt where there is no end token.
    """

    label: str = ""
    weights: str = "live"
    step: int | None = None
    tokenizer: AnyTokenizer = CharTokenizer()
    default_prompt: tuple[str, ...] = ()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Token of each id."""
        return self.tokenizer.tokens

    @property
    def has_end(self) -> bool:
        """True if items end with the end token."""
        return self.tokenizer.end_id is not None


class StatusMessage(Struct, frozen=True):
    """Message or error at the bottom of the pane, or under the prompt field.

    Attributes:
        text: Text of the message.
        is_error: True if a request or a prompt was rejected.
        is_under_field: True if the message belongs to the prompt field.
    """

    text: str
    is_error: bool = False
    is_under_field: bool = False


class GenerateView(Struct, frozen=True, dict=True):
    """Contents of one frame.

    Attributes:
        text: Prompt, its branches, and the cursor.
        pending: Prediction at the cursor while there is no token.
        candidate: Row of the candidate table's cursor; 0 is the most probable candidate.
        sampling: Sampling settings.
        source: Model or counts that answer the requests.
        fixed_seed_samples: (step, text) of the fixed-seed samples, oldest first.
        samples: Latest samples; None before the first request.
        samples_step: Step of the weights that produced the samples; None for counts.
        first_sample: Index of the first shown sample.
        findings: Novelty of texts, by the text and whether it has an end token.
        game: State of the guessing game; None before it was opened.
        is_guessing: True while typed characters are guesses.
        is_auto: True while tokens are sampled automatically.
        showing: Current view of the pane.
        message: StatusMessage at the bottom, if any.
        prompt_note: Note about the prompt, shown while there is no message.
        waited_s: Time in seconds since the pending request, once it exceeds a second.
        appearance: Palette, character set and key labels.
    """

    text: SampleTree = field(default_factory=SampleTree)
    pending: Prediction | None = None
    candidate: int = 0
    sampling: SampleConfig = field(default_factory=SampleConfig)
    source: PredictionSource = field(default_factory=PredictionSource)
    fixed_seed_samples: tuple[tuple[int, str], ...] = ()
    samples: tuple["SampleResult", ...] | None = None
    samples_step: int | None = None
    first_sample: int = 0
    findings: Mapping[tuple[str, bool], "NoveltyResult"] = {}
    game: "GuessingGame | None" = None
    is_guessing: bool = False
    is_auto: bool = False
    showing: ViewName = "next token"
    message: StatusMessage | None = None
    prompt_note: str = ""
    waited_s: float | None = None
    appearance: Appearance = field(default_factory=Appearance)

    @property
    def prediction(self) -> Prediction | None:
        """Prediction at the cursor; None while it is not known."""
        return self.text.current_token.prediction if self.text.current_token else self.pending

    @property
    def shown_text(self) -> str:
        """The prompt; without one, the sampled text before its end token."""
        tokens = self.text.prompt or [t.token for t in self.text.sampled if t.token != END]
        return self.source.tokenizer.join(list(tokens))

    @property
    def has_sampled_text(self) -> bool:
        """True if the text has sampled tokens and is therefore frozen at its weights."""
        return bool(self.text.sampled)

    @property
    def has_unsaved_branches(self) -> bool:
        """True if following the live model would discard sampled tokens."""
        return self.has_sampled_text or any(b.sampled and not b.is_kept for b in self.text.branches)

    @cached_property
    def stages(self) -> list[sampler.SamplerStage]:
        """Distribution at the cursor after each stage of the sampler."""
        return self.prediction.stages(self.sampling) if self.prediction else []

    @cached_property
    def options(self) -> list[sampler.Candidate]:
        """Candidates at the cursor with the current sampling settings; ``token_id`` is their index."""
        if self.prediction is None or not self.prediction.ids:
            return []
        pairs = zip(self.prediction.probabilities, self.stages[-1].values, strict=True)
        return [sampler.Candidate(i, p, sampled) for i, (p, sampled) in enumerate(pairs)]

    @cached_property
    def cut_by(self) -> list[sampler.StageName | None]:
        """For each candidate the stage that cut it; None if it was not cut."""
        found: list[sampler.StageName | None] = [None] * len(self.options)
        for stage in self.stages:
            for index in stage.cut:
                found[index] = stage.name
        return found

    @property
    def u(self) -> float | None:
        """Random number that selects the token at the cursor; None if a person chose the token."""
        if self.text.current_token:
            return self.text.current_token.u
        return sampler.uniform_random(self.sampling.seed, self.text.branch.series, self.text.cursor)

    @property
    def entropy_sampled_nats(self) -> float:
        """Entropy in nats after the sampling settings."""
        return self.stages[-1].entropy_nats if self.stages else 0.0

    def token(self, index: int) -> str:
        """Return the token of a candidate."""
        return self.prediction.token(index) if self.prediction else ""

    def nats(self, branch: Branch) -> list[float | None]:
        """Return the surprisal of each token of the prompt and of a branch; None if it is unknown."""
        pending = self.pending if branch is self.text.branch else None
        first = branch.sampled[0].prediction if branch.sampled else pending
        n_prompt = len(self.text.prompt)
        known = list(first.surprisal) if first else []
        prompt_nats = ([None] * n_prompt + known)[-n_prompt:] if n_prompt else []
        return [*prompt_nats, *(token.surprisal for token in branch.sampled)]

    def finding(self, branch: Branch) -> "NoveltyResult | None":
        """Return the novelty of a branch's text; None if it is not known yet."""
        return self.findings.get(self.novelty_key(branch))

    def novelty_key(self, branch: Branch) -> tuple[str, bool]:
        """Return a branch's text without the end token, and True if the branch has ended."""
        tokens = [token.token for token in branch.sampled if token.token != END]
        return self.source.tokenizer.join([*self.text.prompt, *tokens]), branch.has_ended

    def glyph(self, token: str) -> str:
        """Return the text that represents a token."""
        return token_glyph(token, self.appearance.ascii_only)

    def glyphs(self, tokens: Iterable[str]) -> str:
        """Return the text that represents consecutive tokens."""
        return self.source.tokenizer.separator.join(map(self.glyph, tokens))

    @property
    def token_cells(self) -> int:
        """Width of a token in a table, in cells; longer tokens are cut."""
        return min(_MAX_CELLS, max(_MIN_CELLS, self.source.tokenizer.max_token_length))


def mean_nats(nats: list[float | None]) -> float | None:
    """Return the mean of the known values; None if no value is known."""
    known = [value for value in nats if value is not None]
    return math.fsum(known) / len(known) if known else None


def scale_temperature(temperature: float, factor: float) -> float:
    """Return the temperature times a factor; below 1/64 it is 0 (greedy), and from 0 it is 1/64."""
    if temperature == 0:
        return _LOWEST_TEMPERATURE if factor > 1 else 0.0
    scaled = temperature * factor
    return scaled if scaled >= _LOWEST_TEMPERATURE or factor > 1 else 0.0
