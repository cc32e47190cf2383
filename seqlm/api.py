"""The core in a few lines of Python: train a run, load it, predict, sample, score."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from seqlm.configuration.run_config import SampleConfig
from seqlm.errors import SeqlmError
from seqlm.protocol.commands import Start
from seqlm.protocol.queries import SampleResult
from seqlm.runs.directory import find_run
from seqlm.runspec import recipe

if TYPE_CHECKING:
    from seqlm.data.prepared_text import PreparedText
    from seqlm.generation.generator import Generator
    from seqlm.runs.summary import RunSummary


_USUAL_ORDER = SampleConfig().order


def train(target: str, *words: str, name: str | None = None) -> "RunSummary":
    """Train a preset or a file to the end, in a process of its own; interrupted, it is stopped.

    Args:
        target: A preset (``names-mlp``) or the path of a text.
        words: Settings, e.g. ``train.steps=2000``.
        name: The run's name; made from the preset if not given.

    Returns:
        What became of it; its ``run`` is the name for :func:`load`.

    Raises:
        RequestError: There is no such preset, file or setting.
        SeqlmError: The training failed or diverged.
        KeyboardInterrupt: A person interrupted; the run has its checkpoint.
    """
    from seqlm.runs.resolve_target import configure
    from seqlm.worker import client
    from seqlm.worker.follow_run import follow, start_run, stop_interrupted

    with ExitStack() as undo:
        line = recipe.format_recipe(configure(target, list(words), undo))
        with client.spawn() as connection:
            try:
                start = Start(id=client.new_id(), recipe=line, name=name)
                *_, standing = follow(start_run(start, connection, undo), connection)
            except KeyboardInterrupt:
                stop_interrupted(connection, undo)
                raise
    if standing.summary.status != "finished":
        raise SeqlmError(f"{standing.summary.run}: {standing.message or standing.summary.status}")
    return standing.summary


def load(run: str = "latest", weights: str = "latest") -> "LoadedModel":
    """The model of a run, in this process.

    Args:
        run: The run's name, the beginning of it, ``latest``, or the path of its directory.
        weights: ``latest``, ``best``, or the number of a step that was kept.

    Raises:
        RequestError: There is no such run.
        SeqlmError: There are no such weights, or they are damaged.
    """
    from seqlm.runs.provenance import open_text
    from seqlm.worker.model_snapshots import ModelSnapshots

    directory = find_run(run)
    config, text = directory.manifest().config, open_text(directory)
    subject = ModelSnapshots(config, text, directory.checkpoints_path).find(weights, None)
    return LoadedModel(text, subject.generator, subject.step, directory.path)


class LoadedModel:
    """A trained model with its vocabulary.

    Attributes:
        step: The step of its weights.
        path: The directory of its run.
    """

    def __init__(self, text: "PreparedText", generator: "Generator", step: int, path: Path) -> None:
        self._text, self._generator = text, generator
        self.step, self.path = step, path

    def predict(self, prompt: str = "") -> dict[str, float]:
        """The probability of each token after ``prompt``, most probable first; they sum to 1.

        Raises:
            RequestError: The prompt holds a token that is not in the vocabulary, or is empty where
                no end token is there to begin after.
            SeqlmError: The weights give NaN: the training diverged.
        """
        from seqlm.generation.sampler import candidates

        tokenizer = self._text.tokenizer
        prediction = self._generator.predict(tokenizer.encode(prompt))
        options = candidates(prediction.probabilities)
        return {tokenizer.tokens[option.token_id]: option.probability for option in options}

    def sample(
        self,
        count: int = 1,
        *,
        prompt: str = "",
        length: int = 256,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        order: str = _USUAL_ORDER,
        greedy: bool = False,
        seed: int = 0,
    ) -> list[SampleResult]:
        """Draw ``count`` texts that begin with ``prompt``, up to ``length`` tokens or the end token.

        Args:
            count: How many.
            prompt: What each begins with.
            length: Tokens drawn at most.
            temperature: Below 1 bolder, above 1 wilder.
            top_k: Only the k most probable tokens.
            top_p: Only the most probable tokens that together have this share.
            min_p: Only tokens with this share of the most probable one's.
            order: Of these four stages.
            greedy: Always the most probable token.
            seed: Fixes the draws.

        Raises:
            RequestError: A value is out of its bounds or of another type, or the prompt not in the
                vocabulary.
        """
        from seqlm.worker.sampling_request import describe_samples, make_sampler_options

        asked = SampleConfig(
            temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, order=order, seed=seed
        )
        sampling = make_sampler_options(asked, count, length, greedy)
        ids = self._text.tokenizer.encode(prompt)
        *_, drawn = self._generator.sample(ids, sampling, count, length)
        *_, samples = describe_samples(drawn, ids, self._text, greedy)
        return samples

    def score(self, text: str) -> list[tuple[str, float]]:
        """Each token of ``text`` with its surprisal in nats, read in one pass.

        Raises:
            RequestError: There is nothing to predict in it, or a token is not in the vocabulary.
        """
        tokenizer, ids = self._text.tokenizer, self._text.sequence_to_score(text)
        nats = [value for piece in self._generator.score(ids) for value in piece]
        return list(zip([tokenizer.tokens[i] for i in ids[1:]], nats, strict=True))
