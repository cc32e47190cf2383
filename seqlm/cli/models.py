"""Commands that ask a model: eval, predict, sample, score."""

import argparse
import sys
from typing import Any

from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.cli.runs import AddCommand
from seqlm.data.baselines import perplexity
from seqlm.data.corpus import MAX_STORED_BYTES
from seqlm.data.tokenizer import END, format_unknown_tokens, format_untrained_prompt
from seqlm.errors import RequestError
from seqlm.protocol.commands import Read
from seqlm.protocol.queries import NextToken, Query, Sample, SampleResult, Score, SplitLoss
from seqlm.runs.directory import RunDirectory, find_run
from seqlm.sanitize import sanitize
from seqlm.worker import client


def add_commands(command: AddCommand) -> None:
    """Add this file's commands."""
    evaluate = command("eval", _eval, "the loss of a run on a whole split")
    predict = command("predict", _predict, "the probabilities of the next token")
    sample = command("sample", _sample, "draw text")
    score = command("score", _score, "the surprisal of each token of a text")
    for made in (evaluate, predict, sample, score):
        made.add_argument("run", metavar="RUN", help="its name, the beginning of it, or latest")
        made.add_argument("--weights", default="live", help="live (default), best, or a kept step")
    evaluate.add_argument(
        "--split", choices=["train", "val", "test"], default="val", help="default: val"
    )
    evaluate.add_argument(
        "--reset-every", type=_positive, metavar="N", help="of a stream: forget every N tokens"
    )
    predict.add_argument("prompt", metavar="PROMPT", help="the text before the next token")
    predict.add_argument("--top", type=_positive, metavar="K", help="only the K most probable")
    sample.add_argument(
        "--prompt", default="", metavar="P", help="the text to go on with (default: none)"
    )
    sample.add_argument(
        "--count", type=_positive, default=10, metavar="N", help="so many texts (default: 10)"
    )
    sample.add_argument(
        "--length",
        type=_positive,
        default=256,
        metavar="L",
        help="tokens drawn for each text at most (default: 256)",
    )
    sample.add_argument("--temperature", metavar="T", help="0.01 to 100 (default: the run's)")
    sample.add_argument(
        "--top-k", metavar="K", help="only the K most probable (default: the run's)"
    )
    sample.add_argument(
        "--top-p", metavar="P", help="as few as have the share P together (default: the run's)"
    )
    sample.add_argument(
        "--min-p", metavar="M", help="only M times the likeliest or more (default: the run's)"
    )
    sample.add_argument("--order", metavar="STAGES", help="of these stages (default: the run's)")
    sample.add_argument("--greedy", action="store_true", help="always the most probable token")
    sample.add_argument("--seed", metavar="S", help="fixes the draws (default: the run's)")
    score.add_argument("text", metavar="TEXT|-", help="a text, or - for standard input")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not valid; allowed: 1 or more")
    return int(text)


def _ask(run: RunDirectory, query: Query) -> Any:
    """Ask the worker that trains the run, or one that only reads it."""
    with client.attach(run) or client.spawn() as connection:
        if connection.process is not None:
            connection.request(Read(id=client.new_id(), run=str(run.path)))
        return connection.request(query)


def _eval(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    query = SplitLoss(
        id=client.new_id(),
        split=options.split,
        weights=options.weights,
        reset_every=options.reset_every,
    )
    answer = _ask(run, query)
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
    looks = [f"  the test split of this run was looked at {_times(run.n_test_looks)}"]
    return print_lines(
        f"{run.name} on {answer.split} at step {answer.step:,}: {nats(answer.loss)} nats per token,"
        f" perplexity {perplexity(answer.loss):.2f}, {answer.accuracy:.1%} right"
        f" ({answer.n_tokens:,} tokens; {answer.protocol})",
        *(looks if answer.split == "test" else []),
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _predict(options: argparse.Namespace) -> int:
    run = find_run(options.run)
    query = NextToken(
        id=client.new_id(), text=options.prompt, top=options.top, weights=options.weights
    )
    answer = _ask(run, query)
    _tell_unknown(answer.unknown)
    if answer.never_begins:
        sys.stderr.write(f"seqlm: {sanitize(format_untrained_prompt(answer.prompt[0]))}\n")
    parts = zip(answer.tokens, answer.ids, answer.probabilities, strict=True)
    following = [{"token": t, "id": i, "probability": p} for t, i, p in parts]
    if options.json:
        asked = {"prompt": answer.prompt, "prompt_ids": answer.prompt_ids}
        return print_json({**asked, "next": following, "entropy": answer.entropy})
    rows = [[_visible(f["token"]), f"{f['probability']:.4f}"] for f in following]
    print_table(["token", ">probability"], rows)
    return print_lines(f"entropy {answer.entropy:.4f} nats, of {answer.n_vocab} tokens")


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
        text=options.prompt,
        count=options.count,
        length=options.length,
        greedy=options.greedy,
        **values,
    )
    answer = _ask(run, query)
    _tell_unknown(answer.unknown)
    if options.json:
        return print_json({"samples": answer.samples})
    lines = [line for drawn in answer.samples for line in _lines_of(drawn)]
    return print_lines(*lines)


def _tell_unknown(words: list[str]) -> None:
    """Say on standard error which words are read as the unknown one."""
    if words:
        sys.stderr.write(f"seqlm: {sanitize(format_unknown_tokens(words))}\n")


def _lines_of(drawn: SampleResult) -> list[str]:
    """A sample as it is printed, of an item whether it stands in the data."""
    # The end token is no part of a text.
    has_ended = drawn.tokens[-1:] == [END] and not drawn.text.endswith(END)
    nowhere = "new" if has_ended else "no line of the data"
    known = f"in {drawn.seen_in}" if drawn.seen_in else nowhere
    mark = f"  ({known})" if drawn.is_item else ""
    return f"{drawn.text}{mark}".split("\n")


def _score(options: argparse.Namespace) -> int:
    text = options.text
    if text == "-":
        raw = sys.stdin.buffer.read(MAX_STORED_BYTES + 1)
        if len(raw) > MAX_STORED_BYTES:
            raise RequestError(f"standard input is over {MAX_STORED_BYTES:,} bytes; score less")
        text = raw.decode(errors="replace").removesuffix("\n")
    run = find_run(options.run)
    answer = _ask(run, Score(id=client.new_id(), text=text, weights=options.weights))
    _tell_unknown(answer.unknown)
    record = {"tokens": answer.tokens, "surprisal": answer.surprisal, "loss": answer.loss}
    if options.json:
        return print_json(record)
    pairs = zip(answer.tokens, answer.surprisal, strict=True)
    print_table(["token", ">nats"], [[_visible(t), f"{s:.3f}"] for t, s in pairs])
    return print_lines(f"loss {nats(answer.loss)} nats per token")


def _visible(token: str) -> str:
    return {" ": "␣", "\n": "␊", "\t": "␉"}.get(token, token)
