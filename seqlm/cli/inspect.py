"""The inspect command: views inside the model of a run."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seqlm.cli.models import add_ablation_option, format_token, request, utf8_text
from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.cli.runs import AddCommand
from seqlm.errors import RequestError
from seqlm.protocol.queries import Inspect, InspectAnswer
from seqlm.protocol.view_results import RESULT_TYPES
from seqlm.runs.directory import find_run
from seqlm.worker import client

_MAX_ROWS, _MAX_POINTS, _MAX_VALUES = 20, 100, 8
_VIEWS = f"one of: {', '.join(RESULT_TYPES)}"


def add_commands(command: AddCommand) -> None:
    """Add the command of this module."""
    made = command("inspect", _inspect, "look inside the model of a run")
    made.add_argument("run", metavar="RUN", help="name of the run, start of the name, or latest")
    made.add_argument("view", metavar="VIEW", nargs="?", help=_VIEWS)
    made.add_argument(
        "text",
        type=utf8_text,
        metavar="TEXT",
        nargs="?",
        help="text that the model reads (default: the first validation line)",
    )
    made.add_argument(
        "--at", default="live", metavar="STEP", help="live (default), best, latest, or a saved step"
    )
    add_ablation_option(made)
    made.add_argument(
        "--part", metavar="NAME", help="activation (state) or parameter (weights) to show"
    )
    made.add_argument(
        "--position", type=int, default=-1, metavar="T", help="position that network works out"
    )


def _inspect(options: argparse.Namespace) -> int:
    if options.view is None:
        raise RequestError(f"inspect needs a view, {_VIEWS}")
    run = find_run(options.run)
    query = Inspect(
        id=client.new_id(),
        view=options.view,
        text=options.text,
        weights=options.at,
        without=options.without,
        part=options.part,
        position=options.position,
        with_vocabulary=True,
    )
    answer = request(run, query)
    if options.json:
        fields = ("step", "view", "tokens", "ids", "without", "loss", "full_loss", "result")
        return print_json({"run": run.name, **{key: getattr(answer, key) for key in fields}})
    print_lines(*_heading(run.name, answer))
    _PRINTERS[answer.view](answer)
    return 0


def _heading(run: str, answer: InspectAnswer) -> Iterator[str]:
    text = " ".join(format_token(token) for token in answer.tokens)
    yield f"{run} at step {answer.step:,}, {answer.view}: {text}"
    if answer.without:
        losses = f"loss {nats(answer.loss)}, of the whole model {nats(answer.full_loss)}"
        yield f"without {', '.join(answer.without)}: {losses} (nats per token)"
    elif answer.view in ("network", "surprisal"):
        yield f"loss of this text: {nats(answer.loss)} nats per token"


def _print_network(answer: InspectAnswer) -> None:
    softmax, tensors = answer.result["softmax"], answer.result["tensors"]
    rows = [
        [tensor["name"], " x ".join(map(str, tensor["shape"])), _numbers(tensor["values"])]
        for tensor in tensors
    ]
    print_table(["activation", "shape", f"values at position {answer.result['position']}"], rows)
    print_lines(
        f"softmax: subtract {softmax['shift']:.4f}, sum of the exponentials {softmax['total']:.4f}"
    )
    if softmax["loss"] is not None:
        target = _name(answer, softmax["target_id"])
        print_lines(f"loss of the target {target}: {softmax['loss']:.4f} nats")
    best = sorted(enumerate(softmax["probabilities"]), key=lambda pair: -pair[1])[:_MAX_ROWS]
    columns = [(i, softmax["logits"][i], softmax["exponentials"][i], p) for i, p in best]
    print_table(
        ["token", ">logit", ">exponential", ">probability"],
        [[_name(answer, i), *(f"{value:.4f}" for value in values)] for i, *values in columns],
    )


def _print_surprisal(answer: InspectAnswer) -> None:
    rows = []
    for place in answer.result:
        expected = "  ".join(f"{_name(answer, i)} {p:.3f}" for i, p in place["expected"])
        token = _name(answer, place["token_id"])
        rows.append([token, f"{place['surprisal']:.3f}", str(place["rank"] + 1), expected])
    print_table(["token", ">nats", ">rank", "expected tokens with probabilities"], rows)


def _name(answer: InspectAnswer, token_id: int) -> str:
    return format_token(answer.vocabulary[token_id])


def _print_state(answer: InspectAnswer) -> None:
    result = answer.result
    rows = [
        [str(unit["unit"]), _description(unit), f"{unit['score']:.3f}", _unit_values(result, unit)]
        for unit in result["units"][:_MAX_ROWS]
    ]
    text = " ".join(format_token(token) for token in answer.tokens[:_MAX_VALUES])
    print_table(["unit", f"{result['name']} responds to", ">score", f"values at {text}"], rows)
    print_lines(
        "score: 1 if the unit alone tells where this holds, 0.5 if it does not help at all",
        f"--part: one of {', '.join(result['names'])}",
    )


def _description(unit: Mapping[str, Any]) -> str:
    if not unit["description"]:
        return "no plain description"
    return f"{'low: ' if unit['is_negative'] else ''}{unit['description']}"


def _unit_values(result: Mapping[str, Any], unit: Mapping[str, Any]) -> str:
    return _numbers([row[unit["unit"]] for row in result["values"]])


def _print_attention(answer: InspectAnswer) -> None:
    kinds = ("previous_token", "first_token", "same_token", "induction")
    rows = [
        [head["name"], *("—" if head[kind] is None else f"{head[kind]:.3f}" for kind in kinds)]
        for head in answer.result
    ]
    print_table(["head", *(f">{kind.replace('_', ' ')}" for kind in kinds)], rows)


def _print_embedding(answer: InspectAnswer) -> None:
    found = answer.result["map"]
    shares = found["variance_shares"]
    kind = "principal components" if found["is_projected"] else "the weights themselves"
    print_lines(f"{kind}: {shares[0]:.1%} and {shares[1]:.1%} of the variance")
    points = list(enumerate(found["points"]))[:_MAX_POINTS]
    print_table(
        ["token", ">x", ">y"], [[_name(answer, i), f"{x:.3f}", f"{y:.3f}"] for i, (x, y) in points]
    )
    if len(found["points"]) > _MAX_POINTS:
        print_lines(f"{len(found['points']) - _MAX_POINTS:,} more tokens; --json lists all")
    nearest = ", ".join(
        f"{_name(answer, i)} {cosine:.3f}" for i, cosine in answer.result["nearest"]
    )
    token = _name(answer, answer.result["token_id"])
    print_lines(f"nearest to {token} by cosine similarity: {nearest}")


def _print_weights(answer: InspectAnswer) -> None:
    rows = [
        [
            part["name"],
            " x ".join(map(str, part["shape"])),
            *(f"{part[key]:.4f}" for key in ("mean", "std", "smallest", "largest")),
        ]
        for part in answer.result["parameters"]
    ]
    print_table(["parameter", "shape", ">mean", ">std", ">smallest", ">largest"], rows)


def _print_reach(answer: InspectAnswer) -> None:
    rows = [
        ["all" if point["n_visible"] is None else f"{point['n_visible']:,}", nats(point["loss"])]
        for point in answer.result
    ]
    print_table(["visible tokens", ">loss"], rows)
    print_lines("loss of a sample of the validation split, in nats per token")


def _numbers(values: Sequence[float]) -> str:
    shown = " ".join(f"{value:.2f}" for value in values[:_MAX_VALUES])
    return f"{shown} …" if len(values) > _MAX_VALUES else shown


_PRINTERS = {
    "network": _print_network,
    "surprisal": _print_surprisal,
    "state": _print_state,
    "attention": _print_attention,
    "embedding": _print_embedding,
    "weights": _print_weights,
    "reach": _print_reach,
}
