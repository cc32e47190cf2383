"""Commands that query a model: eval, predict, sample and score."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from seqlm.cli.output import nats, print_json, print_lines, print_table, print_text
from seqlm.cli.runs import AddCommand
from seqlm.data.baselines import perplexity
from seqlm.data.corpus import MAX_STORED_BYTES
from seqlm.data.tokenizer import END, format_unknown_tokens, format_untrained_prompt
from seqlm.errors import RequestError
from seqlm.protocol.commands import Read
from seqlm.protocol.queries import NextToken, Query, Sample, SampleResult, Score, SplitLoss
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.runs.early_checks import check_reset_every, check_weights
from seqlm.sanitize import sanitize
from seqlm.worker import client
from seqlm.worker.sampling_request import MAX_LENGTH, MAX_SAMPLES, make_sampler_options

_MAX_DIGITS = 20


def add_commands(command: AddCommand) -> None:
    """Add the commands of this module."""
    evaluate = command("eval", _eval, "evaluate a run on a whole split")
    predict = command("predict", _predict, "predict the probabilities of the next token")
    sample = command("sample", _sample, "sample text")
    score = command("score", _score, "score a text: the surprisal of each token")
    for made in (evaluate, predict, sample, score):
        made.add_argument(
            "run", metavar="RUN", help="name of the run, start of the name, or latest"
        )
        made.add_argument(
            "--weights", default="live", help="live (default), best, latest, or a saved step"
        )
        add_ablation_option(made)
    evaluate.add_argument(
        "--split", choices=["train", "val", "test"], default="val", help="default: val"
    )
    evaluate.add_argument(
        "--reset-every",
        type=_whole(MAX_LENGTH),
        metavar="N",
        help="for a stream: reset the hidden state every N tokens",
    )
    predict.add_argument(
        "prompt", type=utf8_text, metavar="PROMPT", help="the text before the predicted token"
    )
    predict.add_argument(
        "--top", type=_whole(MAX_SAMPLES), metavar="K", help="print only the K most probable tokens"
    )
    _add_sample_options(sample)
    score.add_argument(
        "text", type=utf8_text, metavar="TEXT|-", help="a text, or - for standard input"
    )


def add_ablation_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that replaces activations while the query is answered."""
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="set an activation to zero, e.g. layer.0.hidden.174; NAME=mean uses its mean",
    )


_SAMPLING = (
    ("--temperature", "T", "0 (greedy) to 100"),
    ("--top-k", "K", "sample only from the K most probable tokens; 0 for no limit"),
    ("--top-p", "P", "only the most probable tokens whose probabilities sum to P"),
    ("--min-p", "M", "only tokens with at least M times the top probability"),
    ("--order", "STAGES", "order of the sampling stages"),
    ("--seed", "S", "makes the samples reproducible"),
)


def _add_sample_options(sample: argparse.ArgumentParser) -> None:
    sample.add_argument(
        "--prompt",
        type=utf8_text,
        default="",
        metavar="P",
        help="the text to continue (default: start of a line or text)",
    )
    sample.add_argument(
        "--count",
        type=_whole(MAX_SAMPLES),
        default=10,
        metavar="N",
        help="number of samples (default: 10)",
    )
    sample.add_argument(
        "--length",
        type=_whole(MAX_LENGTH),
        default=256,
        metavar="L",
        help="maximum number of tokens per sample (default: 256)",
    )
    for option, metavar, text in _SAMPLING:
        sample.add_argument(option, metavar=metavar, help=f"{text} (default: the run's)")
    sample.add_argument(
        "--greedy", action="store_true", help="always choose the most probable token"
    )


def utf8_text(text: str) -> str:
    """Parse an argument that is sent to a worker: its bytes must be UTF-8."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise argparse.ArgumentTypeError(f"{text!r} is not valid UTF-8")
    return text


def _whole(largest: int) -> Callable[[str], int]:
    """Return the parser of an option whose value is a whole number from 1 to ``largest``."""

    def parse(text: str) -> int:
        digits = text if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else "0"
        if not 1 <= int(digits) <= largest:
            shown = text if len(text) <= _MAX_DIGITS else f"{text[:_MAX_DIGITS]}..."
            raise argparse.ArgumentTypeError(f"{shown} is not valid; allowed: 1 to {largest:,}")
        return int(digits)

    return parse


def request(run: RunDirectory, query: Query) -> Any:
    """Send a query to the worker that trains the run, or to a new worker that loads it."""
    attached = client.attach(run)
    if attached is None:
        check_weights(run, query.weights)
    with attached or client.spawn() as connection:
        if connection.process is not None:
            connection.request(Read(id=client.new_id(), run=str(run.path)))
        return connection.request(query)


def _eval(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    check_reset_every(run, options.reset_every)
    query = SplitLoss(
        id=client.new_id(),
        split=options.split,
        weights=options.weights,
        without=options.without,
        reset_every=options.reset_every,
    )
    answer = request(run, query)
    record = {
        "run": run.name,
        "split": answer.split,
        "loss": answer.loss,
        "perplexity": perplexity(answer.loss),
        "accuracy": answer.accuracy,
        "tokens": answer.n_tokens,
        "protocol": answer.protocol,
    }
    if options.json:
        return print_json(record)
    looks = [f"  the test split of this run was evaluated {_times(run.n_test_looks)}"]
    return print_lines(
        f"{run.name} on {answer.split} at step {answer.step:,}: {nats(answer.loss)} nats per token,"
        f" perplexity {perplexity(answer.loss):.2f}, accuracy {answer.accuracy:.1%}"
        f" ({answer.n_tokens:,} tokens; {answer.protocol})",
        *(looks if answer.split == "test" else []),
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _predict(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    query = NextToken(
        id=client.new_id(),
        text=options.prompt,
        top=options.top,
        weights=options.weights,
        without=options.without,
    )
    answer = request(run, query)
    _warn_unknown(answer.unknown)
    if answer.never_begins:
        sys.stderr.write(f"seqlm: {sanitize(format_untrained_prompt(answer.prompt[0]))}\n")
    parts = zip(answer.tokens, answer.ids, answer.probabilities, strict=True)
    following = [{"token": t, "id": i, "probability": p} for t, i, p in parts]
    if options.json:
        asked = {"prompt": answer.prompt, "prompt_ids": answer.prompt_ids}
        return print_json({**asked, "next": following, "entropy": answer.entropy})
    rows = [[format_token(f["token"]), f"{f['probability']:.4f}"] for f in following]
    print_table(["token", ">probability"], rows)
    return print_lines(f"entropy {answer.entropy:.4f} nats; vocabulary of {answer.n_vocab} tokens")


def _sample(options: argparse.Namespace) -> int:
    from seqlm.configuration import dotted_keys

    run = find_run(options.run)
    config = run.manifest().config
    values = {}
    for name in ("temperature", "top_k", "top_p", "min_p", "order", "seed"):
        setting, text = dotted_keys.find(config, f"sample.{name}"), getattr(options, name)
        values[name] = getattr(config.sample, name) if text is None else setting.parse(text)
    query = Sample(
        id=client.new_id(),
        weights=options.weights,
        without=options.without,
        text=options.prompt,
        count=options.count,
        length=options.length,
        greedy=options.greedy,
        **values,
    )
    make_sampler_options(query, query.count, query.length, query.greedy)  # raises before loading
    answer = request(run, query)
    _warn_unknown(answer.unknown)
    if answer.default_prompt:
        start = sanitize("".join(map(format_token, answer.default_prompt)))
        sys.stderr.write(f"seqlm: no --prompt: each sample starts with {start}\n")
    if options.json:
        return print_json({"samples": answer.samples})
    return print_text("\n".join(map(_format_sample, answer.samples)))


def _warn_unknown(words: list[str]) -> None:
    """Print to standard error the words that are read as the unknown token."""
    if words:
        sys.stderr.write(f"seqlm: {sanitize(format_unknown_tokens(words))}\n")


def _format_sample(drawn: SampleResult) -> str:
    """Return the text of a sample; an item is marked with the split that contains it, or as new."""
    # The end token is not part of the text.
    has_ended = drawn.tokens[-1:] == [END] and not drawn.text.endswith(END)
    nowhere = "new" if has_ended else "not a line of the data"
    known = f"in {drawn.seen_in}" if drawn.seen_in else nowhere
    mark = f"  ({known})" if drawn.is_item else ""
    return f"{drawn.text}{mark}"


def _score(options: argparse.Namespace) -> int:
    run, text = find_run(options.run), options.text
    if text == "-":
        raw = sys.stdin.buffer.read(MAX_STORED_BYTES + 1)
        if len(raw) > MAX_STORED_BYTES:
            raise RequestError(
                f"standard input is over {MAX_STORED_BYTES:,} bytes; use a shorter text"
            )
        text = raw.decode(errors="replace").removesuffix("\n")
    answer = request(
        run, Score(id=client.new_id(), text=text, weights=options.weights, without=options.without)
    )
    _warn_unknown(answer.unknown)
    record = {"tokens": answer.tokens, "surprisal": answer.surprisal, "loss": answer.loss}
    if options.json:
        return print_json(record)
    pairs = zip(answer.tokens, answer.surprisal, strict=True)
    print_table(["token", ">nats"], [[format_token(t), f"{s:.3f}"] for t, s in pairs])
    return print_lines(f"loss {nats(answer.loss)} nats per token")


def format_token(token: str) -> str:
    """Return a token with a visible space, newline or tab."""
    return {" ": "␣", "\n": "␊", "\t": "␉"}.get(token, token)
