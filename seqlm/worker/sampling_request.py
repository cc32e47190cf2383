"""Samples on request: what may be asked of a draw, and what is told of the texts it gave."""

from collections.abc import Iterator
from numbers import Integral, Real

from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig, SampleConfig
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import SPLITS, Split
from seqlm.errors import RequestError
from seqlm.generation.sampler import SampledSequence
from seqlm.protocol.queries import Sample, SampleResult

MAX_SAMPLES, MAX_LENGTH = 10_000, 1_000_000
_MAX_DRAWN = 1_000_000
"""Tokens in one answer, each with its probability's place: some 100 MB."""
_ITEMS_PER_PIECE = 50_000
_TYPES: dict[str, tuple[type, str]] = {
    "int": (Integral, "a whole number"),
    "float": (Real, "a number"),
    "text": (str, "a text"),
    "bool": (bool, "True or False"),
}
"""By the kind of a setting: what its value is in Python, and in words."""


def make_sampler_options(
    asked: Sample | SampleConfig, count: int, length: int, greedy: bool
) -> SampleConfig:
    """The settings of a draw, held against what their declarations say.

    Raises:
        RequestError: One is out of its bounds or of another type; names it, its value and what
            would be right.
    """
    check_bounds("count", count, 1, MAX_SAMPLES)
    check_bounds("length", length, 1, MAX_LENGTH)
    if count * length > _MAX_DRAWN:
        bounds = f"1 to {_MAX_DRAWN // count:,} for count={count:,}"
        raise _impossible("length", length, str(length), bounds)
    _check_type("greedy", greedy, "bool")
    values = {name: getattr(asked, name) for name in SampleConfig.__struct_fields__}
    for name, value in values.items():
        setting = dotted_keys.find(RunConfig(preset=""), f"sample.{name}")
        bounds = setting.bounds(nothing="None")
        if value is not None or not setting.optional:
            _check_type(name, value, setting.kind, bounds)
        if not setting.admits(value):
            raise _impossible(name, value, str(value), bounds)
    return SampleConfig(**{**values, "top_k": 1} if greedy else values)


def check_bounds(name: str, value: int, smallest: int, largest: int) -> None:
    """Hold a whole number against its bounds.

    Raises:
        RequestError: It is out of them, or no whole number.
    """
    bounds = f"{smallest:,} to {largest:,}"
    _check_type(name, value, "int", bounds)
    if not smallest <= value <= largest:
        raise _impossible(name, value, str(value), bounds)


def _check_type(name: str, value: object, kind: str, bounds: str = "") -> None:
    of_type, words = _TYPES[kind]
    if not isinstance(value, of_type) or (isinstance(value, bool) and kind != "bool"):
        raise _impossible(name, value, repr(value), f"{words}, {bounds}" if bounds else words)


def _impossible(name: str, value: object, shown: str, taken: str) -> RequestError:
    return RequestError(f"{name}={shown} is not possible; taken: {taken}", value)


def describe_samples(
    draws: list[SampledSequence], prompt: list[int], text: PreparedText, greedy: bool = False
) -> Iterator[list[SampleResult]]:
    """Finished samples in words, in pieces; the last list is of all of them.

    Items are looked up in the splits.
    """
    end_id, samples = text.tokenizer.end_id, list[SampleResult]()
    for draw in draws:
        has_ended = bool(draw.ids) and draw.ids[-1] == end_id
        whole = text.tokenizer.decode([*prompt, *(draw.ids[:-1] if has_ended else draw.ids)])
        drawn = SampleResult(
            text=whole,
            tokens=[text.tokenizer.tokens[i] for i in draw.ids],
            surprisal=draw.surprisal,
            u=[None] * len(draw.u) if greedy else [*draw.u],
            intervals=draw.intervals,
            is_item=text.is_item(has_ended),
        )
        samples.append(drawn)
        yield samples
    where: dict[str, Split] = {}
    for where in _seen_in({sample.text for sample in samples if sample.is_item}, text):
        yield samples
    for place, sample in enumerate(samples):
        if sample.is_item and sample.text in where:
            samples[place] = replace(sample, seen_in=where[sample.text])
    yield samples


def _seen_in(items: set[str], text: PreparedText) -> Iterator[dict[str, Split]]:
    """The first split in which each of a few items stands, found in pieces.

    The few are looked for among all: a table of all items of a large text would take more memory
    than the text itself.
    """
    found: dict[str, Split] = {}
    for split in SPLITS if items else ():
        known = text.items[split]
        for begin in range(0, len(known), _ITEMS_PER_PIECE):
            for item in items.intersection(known[begin : begin + _ITEMS_PER_PIECE]):
                found.setdefault(item, split)
            yield found
