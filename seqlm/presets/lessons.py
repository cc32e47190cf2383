"""Lessons: the presets in groups, in the order in which they are learned best."""

from seqlm.presets import PRESETS
from seqlm.presets.preset import Preset

LESSONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Your own text", ("own-lines", "own-stream")),
    ("From counts to a neural network", ("names-bigram", "names-bigram-net", "names-ngram")),
    (
        "Multilayer perceptron on names",
        (
            "names-mlp",
            "names-bad-init",
            "names-mlp-2d",
            "names-full-batch",
            "one-batch",
            "names-mlp-best",
        ),
    ),
    (
        "Recurrent networks",
        (
            "hello",
            "counting",
            "names-bow",
            "names-elman",
            "names-rnn",
            "names-gru",
            "names-lstm",
        ),
    ),
    (
        "What a recurrent network can remember",
        ("recall-elman", "recall-lstm-library", "recall-lstm", "recall-gru"),
    ),
    (
        "Words, and a hidden state carried through a text",
        ("words-scalar", "words-one-hot", "words", "words-reset"),
    ),
    ("Convolutions and attention", ("names-wavenet", "names-transformer")),
    (
        "Longer texts",
        (
            "grammar-ngram",
            "grammar-lstm",
            "prose-ngram",
            "prose-lstm",
            "python-ngram",
            "python-lstm",
            "shakespeare-ngram",
            "shakespeare-mlp",
            "shakespeare-gru",
            "shakespeare-lstm",
            "shakespeare-transformer",
        ),
    ),
)
"""Title of each lesson and the names of its presets."""

_OTHER = "Other presets"


def presets_by_lesson() -> list[tuple[str, list[Preset]]]:
    """Return every preset once, in lessons; presets that no lesson names come last."""
    named = {name for _, names in LESSONS for name in names}
    lessons = [(title, [PRESETS[n] for n in names if n in PRESETS]) for title, names in LESSONS]
    other = [preset for name, preset in PRESETS.items() if name not in named]
    return [(title, presets) for title, presets in [*lessons, (_OTHER, other)] if presets]
