"""Commands that look: presets, runs, show, data. None of them needs torch."""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Protocol

from seqlm import recipe, settings
from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.data.sources import CORPORA, is_here
from seqlm.presets import PRESETS, Preset
from seqlm.result import judged_on

_MERGES_SHOWN = 12


class AddCommand(Protocol):
    """Adds a command to the parser."""

    def __call__(self, name: str, action: Any, text: str) -> argparse.ArgumentParser:
        """Add the command ``name``."""


def add_commands(command: AddCommand) -> None:
    """Add this file's commands."""
    presets = command("presets", _presets, "list the presets, or everything one of them sets")
    presets.add_argument("preset", nargs="?", help="the preset to show")
    command("runs", _runs, "list the runs")
    show = command("show", _show, "show one run")
    show.add_argument("run", help="its name, the beginning of it, or latest")
    data = command("data", _data, "list the corpora, show one, or fetch one that lies elsewhere")
    data.add_argument("what", choices=["list", "show", "fetch"])
    data.add_argument("corpus", nargs="?", help="a name of the list, or a file (show only)")
    data.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="e.g. data.mode=lines")


def _presets(options: argparse.Namespace) -> int:
    if options.preset is not None:
        return _preset(options)
    records = [_record(preset) for preset in PRESETS.values()]
    if options.json:
        return print_json({"presets": records})
    rows = [
        [r["preset"], r["model"], nats(r["expected_loss"]), r["judged_on"], r["teaches"]]
        for r in records
    ]
    return print_table(["preset", "model", ">loss", "of", "what it teaches"], rows)


def _record(preset: Preset) -> dict[str, Any]:
    return {
        "preset": preset.name,
        "model": settings.kind_of(preset.config.model),
        "corpus": preset.config.data.corpus,
        "steps": preset.config.train.steps,
        "expected_loss": preset.expected_loss,
        "judged_on": judged_on(preset.config),
        "expected_cpu_s": preset.expected_cpu_s,
        "teaches": preset.teaches,
    }


def _preset(options: argparse.Namespace) -> int:
    from seqlm.presets import preset_config

    config = preset_config(options.preset)
    rows = [
        [
            s.key,
            s.show(settings.value_of(config, s.key)),
            s.bounds(),
            "live" if s.live else "",
            f"{s.help} (with {s.condition()})" if s.only_with else s.help,
        ]
        for s in settings.settings_of(config)
    ]
    if options.json:
        values = {row[0]: settings.value_of(config, row[0]) for row in rows}
        changes = [recipe.show_change(config, change) for change in config.changes]
        return print_json(
            {**_record(PRESETS[config.preset]), "settings": values, "changes": changes}
        )
    print_table(["setting", "value", "possible", "", "what it is"], rows)
    return print_lines(*(f"later: {recipe.show_change(config, c)}" for c in config.changes))


def _runs(options: argparse.Namespace) -> int:
    from seqlm.runs.directory import list_runs

    summaries = [_summary(run) for run in reversed(list_runs())]
    if options.json:
        return print_json({"runs": summaries})
    if not summaries:
        return print_lines("No runs yet. Make one: seqlm train names-mlp")
    rows = [
        [s.run, s.status, f"{s.steps:,}", nats(s.best_loss), s.judged_on, f"{s.seconds:.1f}"]
        for s in summaries
    ]
    return print_table(["run", "status", ">steps", ">best loss", "of", ">seconds"], rows)


def _summary(run: Any) -> Any:
    """A run in numbers; one whose log is damaged has none, and hides no other run."""
    from seqlm.errors import SeqlmError
    from seqlm.runs.summary import Summary, summarize

    try:
        return summarize(run).summary
    except (SeqlmError, OSError):
        return Summary(run=run.name, status="unreadable")


def _show(options: argparse.Namespace) -> int:
    from seqlm.cli.reached import loss_rows
    from seqlm.runs.directory import find_run
    from seqlm.runs.summary import summarize

    run = find_run(options.run)
    manifest, standing = run.manifest(), summarize(run)
    line = recipe_as_run(run.events_path, manifest.config)
    record = {
        **{name: getattr(standing.summary, name) for name in standing.summary.__struct_fields__},
        "test_looks": run.n_test_looks,
        "recipe": line,
        "directory": str(run.path),
        "corpus": manifest.corpus,
        "versions": manifest.versions,
        "message": standing.message,
    }
    if options.json:
        return print_json(record)
    summary = standing.summary
    return print_lines(
        f"{summary.run}: {summary.status}, {summary.steps:,} of {standing.steps_planned:,} steps",
        *([standing.message] if standing.message else []),
        f"  recipe      {line}",
        f"  corpus      {manifest.corpus.name}, {manifest.corpus.n_bytes:,} bytes",
        f"  parameters  {summary.parameters:,}",
        *loss_rows(summary),
        f"  test looks  {run.n_test_looks:,}",
        f"  seconds     {summary.seconds:.1f} in steps, {summary.cpu_seconds:.1f} of the processor",
        f"  directory   {run.path}",
    )


def recipe_as_run(events_path: Any, config: Any) -> str:
    """The line that gives a run again, what was changed by hand in it included."""
    from seqlm.config import Change
    from seqlm.protocol.events import ValueChanged
    from seqlm.runs.journal import effective, read_events

    planned = config.changes
    for event in effective(read_events(events_path)):
        if isinstance(event, ValueChanged):
            change = Change(key=event.key, value=event.new, step=event.step)
            # Nobody asked for the number of steps that train.seconds became, nor was it planned.
            became_steps = event.key == "train.steps" and change not in planned
            if event.command_id is not None or became_steps:
                config = recipe.with_change(config, change)
    return recipe.write(config)


def _data(options: argparse.Namespace) -> int:
    if options.what == "show":
        return _data_show(options)
    if options.what == "fetch":
        from seqlm.cli.fetching import fetch_command

        return fetch_command(options)
    found = [(name, source.about, is_here(name)) for name, source in CORPORA.items()]
    if options.json:
        records = [{"corpus": name, "about": about, "here": here} for name, about, here in found]
        return print_json({"corpora": records})
    rows = [
        [name, "here" if here else f"seqlm data fetch {name}", about] for name, about, here in found
    ]
    return print_table(["corpus", "where", "what it is"], rows)


def _data_show(options: argparse.Namespace) -> int:
    with ExitStack() as undo:  # looking leaves nothing behind
        return _show_corpus(options, undo)


def _show_corpus(options: argparse.Namespace, undo: ExitStack) -> int:
    from seqlm.data.prepare import prepare
    from seqlm.data.references import reference_losses
    from seqlm.data.split import SPLITS
    from seqlm.data.tokenizer import BpeTokenizer
    from seqlm.errors import RequestError
    from seqlm.runs.targets import FOR_LINES, configure_file

    if options.corpus is None:
        raise RequestError(f"data show needs a corpus: {', '.join(CORPORA)} or a file")
    if options.corpus in CORPORA:
        usual = [f"data.corpus={options.corpus}", f"data.split={CORPORA[options.corpus].split}"]
        config = recipe.apply(recipe.read(FOR_LINES), [*usual, *options.settings])
    else:
        config = configure_file(options.corpus, options.settings, undo)
    text = prepare(config.data)
    about, losses = text.describe(), reference_losses(text, config.data.tokenizer)
    merges = text.tokenizer.merges if isinstance(text.tokenizer, BpeTokenizer) else None
    if options.json:
        record = {"corpus": about, "reference_losses": losses}
        return print_json(record if merges is None else {**record, "merges": merges})
    perfect = f"  perfect {nats(losses['perfect'])}" if "perfect" in losses else ""
    n_characters = sum(map(text.n_characters, SPLITS))
    per_character = sum(map(text.n_tokens, SPLITS)) / max(1, n_characters)
    shown = " ".join(f"{token!r} {count:,}" for token, count in about.common)
    return print_lines(
        f"{about.name}: {about.mode}, {about.vocabulary}",
        *(
            f"  {s:<5} {about.n_items[s]:>8,} items {about.n_targets[s]:>10,} tokens to predict"
            for s in about.n_items
        ),
        f"  {about.n_duplicates:,} equal lines left out, {about.n_overlap:,} of val stand in train",
        f"  {about.n_undecodable:,} bytes were not UTF-8",
        f"  most common {shown}",
        *_merge_lines(merges or ()),
        *([] if per_character == 1 else [f"  {per_character:.3f} tokens per character"]),
        f"  uniform {nats(losses['uniform'])}  bigram counts {nats(losses['bigram'])}{perfect} nats"
        " per token",
    )


def _merge_lines(merges: Sequence[tuple[str, str]]) -> list[str]:
    """The first merges, each as what it joins and what that makes: ``t + h -> th``."""
    pairs = ((a.replace(" ", "␣"), b.replace(" ", "␣")) for a, b in merges[:_MERGES_SHOWN])
    shown = [f"{a} + {b} -> {a}{b}" for a, b in pairs]
    n_more = len(merges) - len(shown)
    more = [f"and {n_more:,} more"] if n_more else []
    return [f"  first merges {', '.join([*shown, *more])}"] if shown else []
