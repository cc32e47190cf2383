"""Validation of a sampling request, and the description of the sampled texts."""

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig, SampleConfig
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import SPLITS, Split
from seqlm.errors import RequestError, invalid_value
from seqlm.generation.sampler import SampledSequence
from seqlm.protocol.queries import Sample, SampleResult

MAX_SAMPLES, MAX_LENGTH = 10_000, 1_000_000
_MAX_SAMPLED_TOKENS = 1_000_000
"""Tokens in one answer, each with its interval of probability: about 100 MB."""
_ITEMS_PER_PIECE = 50_000
_TYPES: dict[str, tuple[type, str]] = {
    "int": (Integral, "a whole number"),
    "float": (Real, "a number"),
    "text": (str, "a text"),
    "bool": (bool, "True or False"),
}
"""Python type of a setting's value and its description, by the kind of the setting."""


def make_sampler_options(
    request: Sample | SampleConfig, count: int, length: int, greedy: bool
) -> SampleConfig:
    """Return the sampling settings of a request, after checking their types and bounds.

    Args:
        request: The sampling settings.
        count: Number of samples.
        length: Maximum number of tokens of each sample.
        greedy: Always choose the most probable token.

    Raises:
        RequestError: A value has the wrong type or is out of bounds; names the setting, the value and
            the allowed values.
    """
    check_bounds("count", count, 1, MAX_SAMPLES)
    check_bounds("length", length, 1, MAX_LENGTH)
    if count * length > _MAX_SAMPLED_TOKENS:
        bounds = f"1 to {_MAX_SAMPLED_TOKENS // count:,} for count={count:,}"
        raise _invalid("length", length, str(length), bounds)
    _check_type("greedy", greedy, "bool")
    values = {
        name: _checked(name, getattr(request, name)) for name in SampleConfig.__struct_fields__
    }
    return SampleConfig(**{**values, "temperature": 0.0} if greedy else values)


def _checked(name: str, value: Any) -> Any:
    """Return the value of a sampling setting, None if it is off."""
    setting = dotted_keys.find(RunConfig(preset=""), f"sample.{name}")
    bounds = setting.format_bounds(off="None")
    if value is not None or not setting.is_optional:
        _check_type(name, value, setting.kind, bounds)
    if not setting.is_allowed(setting.normalize(value)):
        raise _invalid(name, value, str(value), bounds)
    return setting.normalize(value)


def check_bounds(name: str, value: int, smallest: int, largest: int) -> None:
    """Check that a value is a whole number within its bounds.

    Raises:
        RequestError: The value is out of bounds, or not a whole number.
    """
    bounds = f"{smallest:,} to {largest:,}"
    _check_type(name, value, "int", bounds)
    if not smallest <= value <= largest:
        raise _invalid(name, value, str(value), bounds)


def _check_type(name: str, value: object, kind: str, bounds: str = "") -> None:
    python_type, description = _TYPES[kind]
    if not isinstance(value, python_type) or (isinstance(value, bool) and kind != "bool"):
        raise _invalid(
            name, value, repr(value), f"{description}, {bounds}" if bounds else description
        )


def _invalid(name: str, value: object, shown: str, allowed: str) -> RequestError:
    return invalid_value(name, shown, f"allowed: {allowed}", value)


def describe_samples(
    sequences: list[SampledSequence], prompt: list[int], text: PreparedText, greedy: bool = False
) -> Iterator[list[SampleResult]]:
    """Describe sampled sequences as texts, and search for each complete item in the splits.

    Args:
        sequences: The sampled sequences.
        prompt: Token ids of the prompt.
        text: The prepared corpus.
        greedy: The sequences were sampled greedily, so that no random numbers were used.

    Yields:
        The samples so far, after each short piece of work; the last list is complete.
    """
    end_id, samples = text.tokenizer.end_id, list[SampleResult]()
    for sequence in sequences:
        has_ended = bool(sequence.ids) and sequence.ids[-1] == end_id
        ids = sequence.ids[:-1] if has_ended else sequence.ids
        sample = SampleResult(
            text=text.tokenizer.decode([*prompt, *ids]),
            tokens=[text.tokenizer.tokens[i] for i in sequence.ids],
            surprisal=sequence.surprisal,
            u=[None] * len(sequence.u) if greedy else [*sequence.u],
            intervals=sequence.intervals,
            is_item=text.is_item(has_ended),
        )
        samples.append(sample)
        yield samples
    splits: dict[str, Split] = {}
    for splits in _find_splits({sample.text for sample in samples if sample.is_item}, text):
        yield samples
    for index, sample in enumerate(samples):
        if sample.is_item and sample.text in splits:
            samples[index] = replace(sample, seen_in=splits[sample.text])
    yield samples


def _find_splits(items: set[str], text: PreparedText) -> Iterator[dict[str, Split]]:
    """Find the first split that contains each item, in pieces.

    All items of the corpus are compared with the few given ones: a table of all items of a large
    corpus would take more memory than the corpus itself.
    """
    found: dict[str, Split] = {}
    for split in SPLITS if items else ():
        known = text.items[split]
        for start in range(0, len(known), _ITEMS_PER_PIECE):
            for item in items.intersection(known[start : start + _ITEMS_PER_PIECE]):
                found.setdefault(item, split)
            yield found
