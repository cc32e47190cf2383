"""Python API: train a run, load it, predict, sample and score."""

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from seqlm.configuration.run_config import SampleConfig
from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol.commands import Start
from seqlm.protocol.queries import SampleResult
from seqlm.runs.directory import find_run
from seqlm.runspec import recipe

if TYPE_CHECKING:
    from numpy import ndarray

    from seqlm.generation.generator import Generator
    from seqlm.protocol.queries import InspectAnswer
    from seqlm.runs.summary import RunSummary
    from seqlm.worker.model_snapshots import ModelSnapshot


_DEFAULT_ORDER = SampleConfig().order


def train(target: str, *words: str, name: str | None = None) -> "RunSummary":
    """Train a preset or a text file to the end in a separate process; Ctrl+C stops the run.

    Args:
        target: A preset (``names-mlp``) or the path of a text file.
        words: Settings, e.g. ``train.steps=2000``.
        name: Name of the run; the default is made from the preset.

    Returns:
        The summary of the run; its ``run`` is the name for :func:`load`.

    Raises:
        RequestError: The preset, file or setting does not exist.
        SeqlmError: The training failed or diverged.
        KeyboardInterrupt: The user interrupted; the run has a checkpoint.
    """
    from seqlm.runs.resolve_target import configure
    from seqlm.runs.run_state import ENDED
    from seqlm.worker import client
    from seqlm.worker.follow_run import follow, start_run, stop_interrupted

    with ExitStack() as undo:
        text = recipe.format_recipe(configure(target, list(words), undo))
        with client.spawn() as connection:
            try:
                start = Start(id=client.new_id(), recipe=text, name=name)
                for progress in follow(start_run(start, connection, undo), connection):
                    if progress.message and progress.summary.status not in ENDED:
                        warnings.warn(progress.message, stacklevel=2)
            except KeyboardInterrupt:
                stop_interrupted(connection, undo)
                raise
    if progress.summary.status != "finished":
        raise SeqlmError(f"{progress.summary.run}: {progress.message or progress.summary.status}")
    return progress.summary


def load(run: str = "latest", weights: str = "live") -> "LoadedModel":
    """Load the model of a run into this process.

    Args:
        run: The run's name, the start of the name, ``latest``, or the path of its directory.
        weights: ``latest``, ``best``, the number of a saved step, or ``live``: the best weights of a
            run with early stopping, else the latest.

    Raises:
        RequestError: The run does not exist.
        SeqlmError: The weights do not exist or are damaged.
    """
    from seqlm.runs.provenance import open_text
    from seqlm.worker.model_snapshots import ModelSnapshots

    directory = find_run(run)
    config, text = directory.manifest().config, open_text(directory)
    snapshot = ModelSnapshots(config, text, directory.checkpoints_path).find(weights, None)
    return LoadedModel(snapshot, directory.path)


class LoadedModel:
    """A trained model with its vocabulary.

    The argument ``without`` of its methods names activations that are replaced by zero, or by their
    mean: ``["layer.1.head.2", "layer.0.hidden.174=mean"]``.

    Attributes:
        step: The training step of the weights.
        path: The directory of the run.
        module: The ``torch.nn.Module``, in evaluation mode.
    """

    def __init__(self, snapshot: "ModelSnapshot", path: Path) -> None:
        self._snapshot, self._text = snapshot, snapshot.text
        self.step, self.path, self.module = snapshot.step, path, snapshot.model

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text, without end tokens.

        Raises:
            RequestError: The text has a token outside the vocabulary.
        """
        return self._text.tokenizer.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids.

        Raises:
            RequestError: An id is not in the vocabulary.
        """
        tokenizer = self._text.tokenizer
        for token_id in ids:
            if not 0 <= token_id < tokenizer.n_vocab:
                raise RequestError(
                    f"token id {token_id} is not valid; allowed: 0 to {tokenizer.n_vocab - 1}"
                )
        return tokenizer.decode(ids)

    def forward(self, text: str = "", *, without: Sequence[str] = ()) -> dict[str, "ndarray"]:
        """Return all activations of a text by name, from ``embedding`` to ``logits``.

        Each is an array (T, ..., units) float32. T counts the tokens of the text, after the end token
        where the model reads one first.

        Raises:
            RequestError: The text has a token outside the vocabulary or is too long, or the model has
                no such activation.
        """
        from seqlm.insight.forward_pass import activations_of
        from seqlm.worker.inspect_handler import reference_texts, resolve_ablations

        ids = self._snapshot.generator.prepare_input(self.encode(text))
        reference = reference_texts(self._snapshot)
        *_, ablations = resolve_ablations(without, self._snapshot, reference)
        found = activations_of(self.module, ids, ablations)
        return {name: values.numpy() for name, values in found.items()}

    def inspect(
        self,
        view: str,
        text: str | None = None,
        *,
        without: Sequence[str] = (),
        part: str | None = None,
        position: int = -1,
    ) -> "InspectAnswer":
        """Return a view inside the model; its ``result`` has the fields described in ``insight``.

        Args:
            view: network, surprisal, state, attention, embedding, weights or reach.
            text: Text that the model reads; None for the first line of the validation split.
            without: Activations to replace.
            part: Name of an activation (state) or a parameter (weights).
            position: Position whose prediction network works out.

        Raises:
            RequestError: A value is not allowed; the message names the allowed ones.
        """
        from seqlm.protocol.queries import Inspect
        from seqlm.worker.inspect_handler import handle_inspect

        query = Inspect(
            id="", view=view, text=text, without=list(without), part=part, position=position
        )
        *_, answer = handle_inspect(query, self._snapshot)
        return answer  # type: ignore[return-value]

    def predict(self, prompt: str = "", *, without: Sequence[str] = ()) -> dict[str, float]:
        """Return the probability of each next token, most probable first; they sum to 1.

        Raises:
            RequestError: The prompt has a token outside the vocabulary, or is empty and there is no
                end token to start from.
            SeqlmError: The weights give NaN: the training diverged.
        """
        from seqlm.generation.sampler import candidates

        tokenizer = self._text.tokenizer
        prediction = self._generator(without).predict(tokenizer.encode(prompt))
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
        order: str = _DEFAULT_ORDER,
        greedy: bool = False,
        seed: int = 0,
        without: Sequence[str] = (),
    ) -> list[SampleResult]:
        """Sample ``count`` texts that start with ``prompt``, up to ``length`` tokens or the end token.

        Args:
            count: Number of samples.
            prompt: The text that each sample continues. Without one, a text that has no end token
                starts after a line feed or with its first token.
            length: Maximum number of sampled tokens.
            temperature: Below 1 safer and more repetitive, above 1 more random; 0 is greedy.
            top_k: Sample only from the k most probable tokens; 0 or None for no limit.
            top_p: Sample only from the most probable tokens whose probabilities sum to p.
            min_p: Only tokens with at least this fraction of the highest probability.
            order: Order of the four sampling stages.
            greedy: Always choose the most probable token.
            seed: Makes sampling reproducible.
            without: Activations to replace.

        Raises:
            RequestError: A value is not allowed, or the prompt has a token outside the
                vocabulary.
        """
        from seqlm.worker.sampling_request import describe_samples, make_sampler_options

        request = SampleConfig(
            temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, order=order, seed=seed
        )
        sampling = make_sampler_options(request, count, length, greedy)
        tokenizer = self._text.tokenizer
        ids = tokenizer.encode(prompt) or tokenizer.tokens_to_ids(self._text.default_prompt)
        *_, sampled = self._generator(without).sample(ids, sampling, count, length)
        *_, samples = describe_samples(sampled, ids, self._text, sampling.is_greedy)
        return samples

    def score(self, text: str, *, without: Sequence[str] = ()) -> list[tuple[str, float]]:
        """Return each token of ``text`` with its surprisal in nats.

        Raises:
            RequestError: There is no token to predict, or a token is outside the vocabulary.
        """
        tokenizer, ids = self._text.tokenizer, self._text.sequence_to_score(text)
        nats = [value for piece in self._generator(without).score(ids) for value in piece]
        return list(zip([tokenizer.tokens[i] for i in ids[1:]], nats, strict=True))

    def _generator(self, without: Sequence[str]) -> "Generator":
        from seqlm.worker.inspect_handler import ablate

        snapshot = ablate(self._snapshot, without) if without else self._snapshot
        return snapshot.generator
