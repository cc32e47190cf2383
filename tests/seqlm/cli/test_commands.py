"""Commands on real runs, as a script uses them."""

import contextlib
import hashlib
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from one_worker import one_worker

import seqlm
from seqlm.cli.main import run as run_command
from seqlm.data.grammar import exact_entropy
from seqlm.errors import RequestError
from seqlm.paths import corpora_dir
from seqlm.protocol.events import ValueChanged
from seqlm.runs.directory import find_run
from seqlm.runs.event_log import read_events
from seqlm.runs.summary import summarize

FAST = (
    "train.steps=120", "train.evaluate_every=60", "model.hidden=16", "model.init=scaled",
    "data.split=20/10/70",
)  # fmt: skip


@pytest.fixture(scope="module")
def _worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_worker(tmp_path_factory.mktemp("commands")):
        yield


@pytest.fixture(scope="module")
def run(_worker: None) -> Any:
    """Train a run that the tests only read; return its printed result."""
    out = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert run_command(["train", "names-mlp", *FAST, "--json"]) == 0
    return json.loads(out.buffer.getvalue())


@pytest.fixture(autouse=True)
def home(_worker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder; all tests of this module share the runs."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_train_prints_the_documented_json_fields(run) -> None:
    assert list(run) == [
        "run", "preset", "status", "steps", "parameters", "train_loss", "val_loss",
        "best_val_loss", "best_step", "seconds", "cpu_seconds", "steps_per_s", "tokens_per_s",
        "batch_loss", "judged_on", "expected", "best_counts",
        "weights",
    ]  # fmt: skip
    assert (run["judged_on"], run["expected"], run["best_counts"]) == ("val", None, None)
    assert (run["preset"], run["status"], run["steps"]) == ("names-mlp", "finished", 120)
    assert run["val_loss"] == run["best_val_loss"] < math.log(27)


def test_finished_run_can_be_queried(run, run_json) -> None:
    predicted = run_json("predict", run["run"], "mar")
    assert predicted["prompt"] == ["m", "a", "r"]
    probabilities = [option["probability"] for option in predicted["next"]]
    assert sum(probabilities) == pytest.approx(1, abs=1e-9)
    assert probabilities == sorted(probabilities, reverse=True)
    entropy = -sum(p * math.log(p) for p in probabilities)
    assert predicted["entropy"] == pytest.approx(entropy, abs=1e-9)
    scored = run_json("score", run["run"], "mar")
    assert scored["tokens"] == ["m", "a", "r", "∎"]
    assert scored["loss"] == pytest.approx(sum(scored["surprisal"]) / 4)
    end = next(option["probability"] for option in predicted["next"] if option["token"] == "∎")
    assert scored["surprisal"][-1] == pytest.approx(-math.log(end), abs=1e-6)
    evaluated = run_json("eval", run["run"])
    assert evaluated["loss"] == pytest.approx(run["val_loss"], abs=1e-9)
    assert evaluated["perplexity"] == pytest.approx(math.exp(evaluated["loss"]))


def test_each_test_evaluation_is_counted_and_reported(run, run_json, capsys) -> None:
    before = run_json("show", run["run"])["test_looks"]
    assert list(run_json("eval", run["run"], "--split", "test")) == [
        "run", "split", "loss", "perplexity", "accuracy", "tokens", "protocol",
    ]  # fmt: skip
    assert run_command(["eval", run["run"], "--split", "test"]) == 0
    assert f"was evaluated {before + 2} times" in capsys.readouterr().out
    run_json("eval", run["run"], "--split", "val")
    assert run_json("show", run["run"])["test_looks"] == before + 2


def test_samples_are_reproducible_with_a_seed_or_greedy(run, run_json) -> None:
    first = run_json("sample", run["run"], "--count", "3", "--seed", "7")
    again = run_json("sample", run["run"], "--count", "3", "--seed", "7")
    other = run_json("sample", run["run"], "--count", "3", "--seed", "8")
    assert first == again != other
    greedy = run_json("sample", run["run"], "--count", "2", "--greedy", "--length", "9")["samples"]
    assert greedy[0]["text"] == greedy[1]["text"]
    assert greedy[0]["u"] == [None] * len(greedy[0]["tokens"])
    same = seqlm.load(run["run"]).sample(2, length=9, greedy=True)
    assert [sample.text for sample in same] == [sample["text"] for sample in greedy]


def test_temperature_zero_is_greedy_and_top_k_zero_is_off(run, run_json) -> None:
    short = ("--count", "2", "--length", "9")
    greedy = run_json("sample", run["run"], *short, "--greedy")
    zero = ("--temperature", "0", "--top-k", "0", "--top-p", "0.1", "--seed", "9")
    assert run_json("sample", run["run"], *short, *zero) == greedy
    assert seqlm.load(run["run"]).sample(1, length=9, temperature=0, top_k=0)[0].u[0] is None
    plain = run_json("sample", run["run"], *short)
    assert run_json("sample", run["run"], *short, "--top-k", "0") == plain
    settings = ("sample.temperature=0", "sample.top_k=0")
    run_name = run_json("train", "names-mlp", *FAST, *settings, "--name", "greedy")["run"]
    assert run_json("show", run_name)["recipe"].endswith("sample.temperature=0")
    assert set(run_json("sample", run_name, *short)["samples"][0]["u"]) == {None}


def test_a_stream_is_sampled_without_a_prompt_from_the_start_of_a_line(run_json, capsys) -> None:
    for preset, start, result in (("prose-ngram", "\n", "␊"), ("hello", "H", "H")):
        name = f"{preset}-unprompted"
        run_json("train", preset, "model.kind=ngram", "--name", name)
        short = ("--count", "3", "--length", "7")
        capsys.readouterr()
        assert run_command(["sample", name, *short]) == 0
        assert capsys.readouterr().err == f"seqlm: no --prompt: each sample starts with {result}\n"
        samples = run_json("sample", name, *short)["samples"]
        assert {sample["text"][0] for sample in samples} == {start}
        assert run_json("sample", name, *short, "--prompt", start)["samples"] == samples
        by_python = seqlm.load(name).sample(3, length=7)
        assert [sample.text for sample in by_python] == [sample["text"] for sample in samples]


def test_python_api_samples_like_the_command(run, run_json) -> None:
    order, drawn_with = "top-p,min-p,temperature,top-k", {"temperature": 3.0, "top_p": 0.7}
    options = ["--order", order, "--temperature", "3", "--top-p", "0.7", "--count", "4"]
    by_command = run_json("sample", run["run"], *options)["samples"]
    by_python = seqlm.load(run["run"]).sample(4, order=order, **drawn_with)
    assert [sample.text for sample in by_python] == [sample["text"] for sample in by_command]
    first = by_command[0]
    assert by_python[0].u == first["u"]
    assert all(a <= u < b for u, (a, b) in zip(first["u"], first["intervals"], strict=True))


def test_prediction_contains_the_ids_of_its_prompt(run, run_json) -> None:
    result = run_json("predict", run["run"], "anna")
    assert result["prompt"] == list("anna")
    id_of = {option["token"]: option["id"] for option in result["next"]}
    assert result["prompt_ids"] == [id_of[letter] for letter in "anna"]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("temperature", -1.0, "0 to 100"),
        ("top_p", 1.5, "above 0 to 1, or off"),
        ("top_k", -1, "1 to 1,000,000, or off"),
    ],
)
def test_invalid_sampling_setting_is_rejected(run, run_rejected, name, value, allowed) -> None:
    result = run_rejected("sample", run["run"], f"--{name.replace('_', '-')}", f"{value:g}")
    assert result.endswith(f"sample.{name}={value:g} is not valid; allowed: {allowed}\n")
    allowed = allowed.replace("off", "None")
    with pytest.raises(RequestError, match=f"^{name}={value} is not valid; allowed: {allowed}$"):
        seqlm.load(run["run"]).sample(**{name: value})


def test_resume_with_more_steps_extends_the_recipe(run_json) -> None:
    run_json("train", "names-mlp", *FAST, "--name", "longer")
    longer = run_json("resume", "longer", "train.steps=150")
    assert (longer["steps"], longer["status"]) == (150, "finished")
    shown = run_json("show", "latest")
    assert shown["recipe"].endswith("train.steps=150@120")
    straight = run_json("train", *shown["recipe"].split())
    assert straight["val_loss"] == longer["val_loss"]


def test_run_on_a_user_file_with_a_chosen_name(run_json, home) -> None:
    lines = [f"{a}{b}" for a in "abcdef" for b in "uvwxyz"]
    (home / "pairs.txt").write_text("\n".join(lines))
    trained = run_json("train", "pairs.txt", *FAST, "--name", "mine")
    assert trained["run"] == "mine"
    (home / "pairs.txt").unlink()
    assert run_json("eval", "mine", "--split", "test")["tokens"] > 0


def test_standard_input_is_stored_only_for_its_run(
    run_json, run_rejected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_standard_input(n_items: int) -> Any:
        lines = "".join(f"{a}{b}\n" for a in "abcdef" for b in "uvwxyz"[:n_items])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))

    def stored_copies() -> list[str]:
        return sorted(path.name for path in corpora_dir().glob("*"))

    before = stored_copies()
    set_standard_input(6)
    run_json("data", "show", "-")
    assert stored_copies() == before
    set_standard_input(6)
    run_json("train", "-", *FAST, "--name", "given")
    kept = stored_copies()
    assert len(kept) == len(before) + 1
    for n_items in (5, 6):  # another text, then the stored one
        set_standard_input(n_items)
        assert "already a run named given" in run_rejected("train", "-", *FAST, "--name", "given")
        assert stored_copies() == kept
    assert run_json("eval", "given", "--split", "test")["tokens"] > 0


def test_file_is_not_stored_if_the_run_is_rejected(run_rejected, run_json, home) -> None:
    run_json("train", "names-mlp", *FAST, "--name", "taken")
    before = sorted(corpora_dir().glob("*"))
    (home / "words.txt").write_text("\n".join(f"{a}{b}{a}" for a in "abcdef" for b in "uvwxyz"))
    assert "already a run named taken" in run_rejected(
        "train", "words.txt", *FAST, "--name", "taken"
    )
    assert sorted(corpora_dir().glob("*")) == before


def test_diverged_training_exits_with_status_1_and_a_reason(capsys) -> None:
    wild = ("model.activation=gelu", "model.layers=3", "train.learning_rate=100")
    assert run_command(["train", "names-mlp", *wild, "--json"]) == 1
    out, err = capsys.readouterr()
    assert '"status":"diverged"' in out
    assert "learning rate too high (100)" in err.splitlines()[-1]


def test_lr_find_leaves_the_run_unchanged(run, run_json, run_rejected) -> None:
    home = Path(os.environ["SEQLM_HOME"])

    def files() -> dict[str, tuple[str, int]]:
        found = [path for path in home.rglob("*") if path.is_file()]
        return {
            str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in found
        }

    before = files()
    found = run_json("lr-find", run["run"])
    assert list(found) == ["suggestion", "learning_rates", "losses"]
    assert found["losses"][0] < math.log(27) - 0.3  # the weights are trained
    assert found == run_json("lr-find", f"{home}/runs/{run['run']}")
    assert "is a run with fixed settings" in run_rejected("lr-find", run["run"], "train.batch=8")
    assert "is not a preset, a file or a run" in run_rejected("lr-find", "no-such-run")
    assert files() == before
    assert len(before) > 4


def test_presets_and_corpora_are_listed(run_json) -> None:
    presets = run_json("presets")["presets"]
    assert "names-mlp" in [preset["preset"] for preset in presets]
    one = run_json("presets", "names-mlp")
    assert one["settings"]["train.learning_rate"] == 0.1
    assert one["changes"] == ["train.learning_rate=0.01@100000"]
    here = {corpus["corpus"]: corpus["here"] for corpus in run_json("data", "list")["corpora"]}
    assert here["names"]
    assert here["grammar"]
    assert not here["shakespeare"]
    shown = run_json("data", "show", "names")
    assert shown["corpus"]["n_items"]["train"] >= 12_000
    assert shown["reference_losses"]["uniform"] == pytest.approx(math.log(27))
    assert "perfect" not in shown["reference_losses"]
    losses = run_json("data", "show", "grammar")["reference_losses"]
    assert losses["perfect"] == pytest.approx(exact_entropy("grammar", "char"))


def test_options_may_occur_between_settings(run_json) -> None:
    trained = run_json("train", "names-mlp", FAST[0], "--name", "between", *FAST[1:])
    assert (trained["run"], trained["steps"]) == ("between", 120)


def test_predict_notes_an_untrained_prompt(run_json, capsys) -> None:
    run_json("train", "counting", "train.steps=2", "train.pace=off", "--name", "counting-short")
    for prompt, has_note in (("124", True), ("7", False), ("123 124", False)):
        assert run_command(["predict", "counting-short", prompt, "--top", "1"]) == 0
        result = "seqlm: no training line starts with 124, so this prompt is untrained\n"
        assert capsys.readouterr().err == (result if has_note else "")


def raise_interrupt(*_: object) -> Any:
    raise KeyboardInterrupt


LONG = ("names-mlp", *FAST[1:], "train.steps=1000000")


def is_stopped_with_checkpoint(name: str) -> bool:
    run = find_run(name)
    assert run.holder() is None, "a worker still trains this run"
    step = summarize(run).summary.steps
    return (run.checkpoints_path / f"step-{step}" / "training.safetensors").exists()


def test_interrupt_stops_with_a_checkpoint(run_json, capsys, monkeypatch) -> None:
    monkeypatch.setattr("seqlm.cli.training.show_until_end", raise_interrupt)
    assert run_command(["train", *LONG, "--name", "cut"]) == 130
    assert is_stopped_with_checkpoint("cut")
    assert run_command(["resume", "cut"]) == 130
    assert is_stopped_with_checkpoint("cut")
    assert "Saving a checkpoint and stopping." in capsys.readouterr().err
    run_json("resume", "cut", "--detach")
    run_json("pause", "cut")
    assert run_command(["resume", "cut"]) == 130
    assert is_stopped_with_checkpoint("cut")
    monkeypatch.setattr("seqlm.worker.follow_run.follow", raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        seqlm.train(*LONG, name="cut-too")
    assert is_stopped_with_checkpoint("cut-too")


def test_scheduled_change_is_applied_only_at_its_step(run_json, capsys) -> None:
    later = "train.learning_rate=0.05@900000"
    run_json("train", *LONG, "--name", "later", "--detach")
    run_json("pause", "later")
    run_json("resume", "later", later, "--detach")
    changed = run_json("set", "later", "train.learning_rate=0.01@900001", "train.clip=2")["changed"]
    capsys.readouterr()
    assert run_command(["set", "later", "train.pace=9", "train.pace=full", "train.clip=off"]) == 0
    printed = [line.partition(" at step ")[0] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["train.pace full -> 9", "train.pace 9 -> full", "train.clip 2 -> off"]
    step = run_json("stop", "later")["step"]
    assert changed[0] == {
        "key": "train.learning_rate", "old": 0.05, "new": 0.01, "step": 900_001,
    }  # fmt: skip
    assert changed[1]["step"] <= step
    run_json("resume", "later", later, "--detach")
    run_json("stop", "later")
    result = [e for e in read_events(find_run("later").events_path) if isinstance(e, ValueChanged)]
    assert [event.key for event in result] == [
        "train.clip",
        "train.pace",
        "train.pace",
        "train.clip",
    ]


def test_inspect_prints_every_view_of_a_run(run, run_json, capsys) -> None:
    for view in ("network", "surprisal", "state", "embedding", "weights", "reach"):
        found = run_json("inspect", run["run"], view, "mar")
        assert list(found) == [
            "run", "step", "view", "tokens", "ids", "without", "loss", "full_loss", "result",
        ]  # fmt: skip
        assert (found["view"], found["tokens"]) == (view, ["∎", "m", "a", "r"])
        assert run_command(["inspect", run["run"], view, "mar"]) == 0
        assert capsys.readouterr().out.startswith(f"{run['run']} at step 120, {view}: ∎ m a r\n")


def test_inspect_and_predict_agree_with_the_same_ablation(run, run_json, capsys) -> None:
    cut = ["--without", "layer.0.hidden.3", "--without", "embedding.0=mean"]
    predicted = run_json("predict", run["run"], "mar", *cut)
    softmax = run_json("inspect", run["run"], "network", "mar", *cut)["result"]["softmax"]
    best = predicted["next"][0]
    assert softmax["probabilities"][best["id"]] == pytest.approx(best["probability"], abs=1e-6)
    assert predicted["next"] != run_json("predict", run["run"], "mar")["next"]
    assert run_command(["inspect", run["run"], "surprisal", "mar", *cut]) == 0
    assert "without layer.0.hidden.3, embedding.0=mean: loss " in capsys.readouterr().out


def test_inspect_names_the_views_and_activations_it_has(run, run_rejected) -> None:
    assert "inspect needs a view, one of: network, surprisal" in run_rejected("inspect", run["run"])
    assert "no view attention; one of: network" in run_rejected("inspect", run["run"], "attention")
    wrong = run_rejected("inspect", run["run"], "network", "mar", "--without", "layer.0.hiden")
    assert "Nearest: layer.0.hidden" in wrong
    assert "no saved weights '7'" in run_rejected("inspect", run["run"], "network", "--at", "7")


def test_python_api_opens_the_model(run, run_json) -> None:
    model = seqlm.load(run["run"])
    assert model.decode(model.encode("maria")) == "maria"
    with pytest.raises(RequestError, match="token id 27 is not valid; allowed: 0 to 26"):
        model.decode([27])
    found = model.forward("mar", without=["layer.0.hidden.3"])
    assert list(found)[-1] == "logits"
    assert found["logits"].shape == (4, 27)
    assert not found["layer.0.hidden"][:, 3].any()
    scaled = np.exp(found["logits"][-1] - found["logits"][-1].max())
    predicted = model.predict("mar", without=["layer.0.hidden.3"])
    assert max(predicted.values()) == pytest.approx(float((scaled / scaled.sum()).max()), abs=1e-6)
    assert sum(p.numel() for p in model.module.parameters()) == run["parameters"]


def test_python_api_inspects_like_the_command(run, run_json) -> None:
    model, cut = seqlm.load(run["run"]), ["layer.0.hidden.3"]
    by_python = model.inspect("surprisal", "mar", without=cut)
    by_command = run_json("inspect", run["run"], "surprisal", "mar", "--without", *cut)
    assert by_python.loss == pytest.approx(by_command["loss"], abs=1e-9)
    scored = model.score("mar", without=cut)
    assert [nats for _, nats in scored] == pytest.approx(
        [token.surprisal for token in by_python.result], abs=1e-5
    )
