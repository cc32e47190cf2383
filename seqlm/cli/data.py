"""Commands for corpora: data list, data show and data fetch; without torch."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import msgspec

from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.cli.runs import AddCommand
from seqlm.data.corpus_registry import CORPORA, is_downloaded
from seqlm.data.download import REMOTE_CORPORA
from seqlm.data.split import SPLITS
from seqlm.data.text_io import Progress
from seqlm.errors import RequestError
from seqlm.runspec import recipe
from seqlm.sanitize import sanitize

if TYPE_CHECKING:  # imported only for types, so that the command starts fast
    from seqlm.configuration.run_config import RunConfig
    from seqlm.data.prepared_text import Description, PreparedText
    from seqlm.data.tokenizer import AnyTokenizer, BpeTokenizer

_MERGES_SHOWN, _MOST_COMMON, _ALL_SHOWN = 12, 8, 30
_TOKEN_CELLS = 16


def add_commands(command: AddCommand) -> None:
    """Add the command of this module."""
    data = command("data", _data, "list, show or download datasets")
    data.add_argument("what", metavar="list|show|fetch", choices=["list", "show", "fetch"])
    data.add_argument("corpus", nargs="?", help="a name from the list, or a file (show only)")
    data.add_argument(
        "settings", nargs="*", default=[], metavar="KEY=VALUE", help="e.g. data.mode=lines"
    )


def _data(options: argparse.Namespace) -> int:
    if options.what == "show":
        return _data_show(options)
    if options.what == "fetch":
        return _data_fetch(options)
    if options.corpus is not None:
        raise RequestError(
            f"data list takes no corpus; did you mean: seqlm data show {options.corpus}",
            options.corpus,
        )
    found = [(name, source.description, is_downloaded(name)) for name, source in CORPORA.items()]
    if options.json:
        records = [{"corpus": name, "about": about, "here": here} for name, about, here in found]
        return print_json({"corpora": records})
    rows = [
        [name, "downloaded" if here else f"seqlm data fetch {name}", about]
        for name, about, here in found
    ]
    return print_table(["corpus", "where", "what it is"], rows)


def _data_show(options: argparse.Namespace) -> int:
    with ExitStack() as undo:  # data show keeps no copy of a file
        return _show_corpus(options, undo)


def _show_corpus(options: argparse.Namespace, undo: ExitStack) -> int:
    from seqlm.data.baselines import reference_losses
    from seqlm.data.prepared_text import prepare
    from seqlm.data.tokenizer import BpeTokenizer

    config = _config(options, undo)
    text = prepare(config.data)
    tokenizer, losses = text.tokenizer, reference_losses(text, config.data.tokenizer)
    merges = tokenizer.merges if isinstance(tokenizer, BpeTokenizer) else None
    about = text.describe(_MOST_COMMON if tokenizer.n_vocab > _ALL_SHOWN else tokenizer.n_vocab)
    if options.json:
        record = {"corpus": about, "tokens": tokenizer.tokens, "reference_losses": losses}
        return print_json(record if merges is None else {**record, "merges": merges})
    lines = [*_size_lines(text, about), *_token_lines(tokenizer, about.common)]
    if isinstance(tokenizer, BpeTokenizer):
        lines += _merge_lines(tokenizer)
    return print_lines(*lines, *_loss_lines(text, losses))


def _config(options: argparse.Namespace, undo: ExitStack) -> "RunConfig":
    from seqlm.presets import preset_config
    from seqlm.presets.own_text import OWN_LINES
    from seqlm.runs.resolve_target import configure_file

    if not options.corpus:
        raise RequestError(f"data show needs a corpus: {', '.join(CORPORA)} or a file")
    if options.corpus not in CORPORA:
        return configure_file(options.corpus, options.settings, undo)
    usual = [f"data.corpus={options.corpus}", f"data.split={CORPORA[options.corpus].split}"]
    return recipe.apply_settings(preset_config(OWN_LINES), [*usual, *options.settings])


def _size_lines(text: "PreparedText", about: "Description") -> list[str]:
    """Format the sizes of the splits and the problems found in the text."""
    is_list = about.mode == "lines"
    sizes = about.n_items if is_list else about.n_characters
    unit = "lines" if is_list else "characters of one text"
    left_out = f"  {about.n_duplicates:,} duplicates removed"
    return [
        f"{about.name}: {about.mode}, {about.vocabulary}",
        *(
            f"  {split:<5} {sizes[split]:>10,} {_counted(sizes[split], unit)}"
            f" {about.n_targets[split]:>10,} tokens to predict"
            for split in sizes
        ),
        *([left_out] if is_list else []),
        *(f"  {'! ' if note.is_warning else ''}{sanitize(note.text)}" for note in about.notes),
    ]


def _counted(n: int, unit: str) -> str:
    """Return the unit in the singular for 1, padded to the width of the plural."""
    return unit.replace("s", "", 1).ljust(len(unit)) if n == 1 else unit


def _token_lines(tokenizer: "AnyTokenizer", common: Sequence[tuple[str, int]]) -> list[str]:
    """Format tokens with their ids: all of a small vocabulary, else the most frequent."""
    ids, has_all = tokenizer.ids, len(common) == tokenizer.n_vocab
    shown = sorted(common, key=lambda one: ids[one[0]]) if has_all else common
    which = "all tokens" if has_all else "most common"
    cells = max(_TOKEN_CELLS, *(len(repr(token)) for token, _ in shown))
    return [
        f"  {which}  {'id':>6}  {'token'.ljust(cells)} {'in train':>10}",
        *(
            f"  {'':<{len(which)}}  {ids[token]:>6}  {token!r:<{cells}} {n:>10,}"
            for token, n in shown
        ),
    ]


def _merge_lines(tokenizer: "BpeTokenizer") -> list[str]:
    """Format the first BPE merges with their counts in train: ``t + h -> th 917``."""
    counted = zip(tokenizer.merges[:_MERGES_SHOWN], tokenizer.merge_counts, strict=False)
    pairs = ((a.replace(" ", "␣"), b.replace(" ", "␣"), n) for (a, b), n in counted)
    shown = [f"{a} + {b} -> {a}{b} {n:,}" for a, b, n in pairs]
    n_more = len(tokenizer.merges) - len(shown)
    more = [f"and {n_more:,} more"] if n_more else []
    return [f"  first merges {', '.join([*shown, *more])}"] if shown else []


def _loss_lines(text: "PreparedText", losses: Mapping[str, float]) -> list[str]:
    """Format the token length and the baseline losses."""
    n_characters = sum(map(text.n_characters, SPLITS))
    per_character = sum(map(text.n_tokens, SPLITS)) / max(1, n_characters)
    perfect = f"  perfect {nats(losses['perfect'])}" if "perfect" in losses else ""
    return [
        *([] if per_character == 1 else [f"  {per_character:.3f} tokens per character"]),
        f"  uniform {nats(losses['uniform'])}  bigram counts {nats(losses['bigram'])}{perfect} nats"
        " per token",
    ]


def _data_fetch(options: argparse.Namespace) -> int:
    """Download a corpus: ``seqlm data fetch CORPUS``."""
    from seqlm.data.download import download_corpus

    name = options.corpus
    if name is None:
        raise RequestError(f"data fetch needs a corpus: {' or '.join(REMOTE_CORPORA)}")
    if options.settings:
        raise RequestError(
            f"data fetch takes no settings: {' '.join(options.settings)}", options.settings
        )
    with _display(name) as progress:
        fetched = download_corpus(name, progress)
    if options.json:
        return print_json(msgspec.to_builtins(fetched))
    done = "downloaded" if fetched.fetched else "already downloaded"
    return print_lines(f"{name}: {done}, {fetched.bytes:,} bytes, {fetched.path}")


@contextmanager
def _display(name: str) -> Iterator[Progress | None]:
    """Show a progress bar on a terminal; elsewhere print a line at each quarter."""
    if not sys.stderr.isatty():
        yield _Lines(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda n, total: bar.update(task, completed=n, total=total)


class _Lines:
    """Progress printed as one line at each quarter of the download."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._quarters = 0

    def __call__(self, n_bytes: int, total: int) -> None:
        quarters = 4 * n_bytes // total
        if quarters > self._quarters:
            self._quarters = quarters
            sys.stderr.write(f"{self._name}: {n_bytes:,} / {total:,} bytes\n")
