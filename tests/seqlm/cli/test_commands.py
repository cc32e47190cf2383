"""The commands on real runs, as a person's script would use them."""

import math

import pytest

from seqlm.cli.main import run as run_command

FAST = ("train.steps=120", "train.evaluate_every=60", "model.hidden=16", "model.init=scaled")


@pytest.fixture
def run(asked):
    return asked("train", "names-mlp", *FAST)


def test_train_prints_the_record_of_the_contract(run) -> None:
    assert list(run) == [
        "run", "preset", "status", "steps", "parameters", "train_loss", "val_loss",
        "best_val_loss", "best_step", "seconds", "cpu_seconds", "steps_per_s", "tokens_per_s",
    ]  # fmt: skip
    assert (run["run"], run["preset"], run["status"], run["steps"]) == (
        "names-mlp-1", "names-mlp", "finished", 120,
    )  # fmt: skip
    assert run["val_loss"] == run["best_val_loss"] < math.log(27)


def test_a_finished_run_answers_every_question(run, asked) -> None:
    predicted = asked("predict", "latest", "mar")
    assert predicted["prompt"] == ["m", "a", "r"]
    probabilities = [option["probability"] for option in predicted["next"]]
    assert sum(probabilities) == pytest.approx(1, abs=1e-9)
    assert probabilities == sorted(probabilities, reverse=True)
    entropy = -sum(p * math.log(p) for p in probabilities)
    assert predicted["entropy"] == pytest.approx(entropy, abs=1e-9)
    scored = asked("score", "latest", "mar")
    assert scored["tokens"] == ["m", "a", "r", "∎"]
    assert scored["loss"] == pytest.approx(sum(scored["surprisal"]) / 4)
    end = next(option["probability"] for option in predicted["next"] if option["token"] == "∎")
    assert scored["surprisal"][-1] == pytest.approx(-math.log(end), abs=1e-6)
    evaluated = asked("eval", "latest")
    assert evaluated["loss"] == pytest.approx(run["val_loss"], abs=1e-9)
    assert evaluated["perplexity"] == pytest.approx(math.exp(evaluated["loss"]))


def test_a_seed_fixes_the_samples_and_greedy_needs_none(run, asked) -> None:
    first = asked("sample", "latest", "--count", "3", "--seed", "7")
    again = asked("sample", "latest", "--count", "3", "--seed", "7")
    other = asked("sample", "latest", "--count", "3", "--seed", "8")
    assert first == again != other
    greedy = asked("sample", "latest", "--count", "2", "--greedy", "--length", "9")["samples"]
    assert greedy[0]["text"] == greedy[1]["text"]


def test_a_run_can_be_given_more_steps_and_says_how_it_was_made(run, asked) -> None:
    longer = asked("resume", "latest", "train.steps=150")
    assert (longer["steps"], longer["status"]) == (150, "finished")
    shown = asked("show", "latest")
    assert shown["recipe"].endswith("train.steps=150@120")
    straight = asked("train", *shown["recipe"].split())
    assert straight["val_loss"] == longer["val_loss"]


def test_a_detached_run_is_steered_and_stopped(asked) -> None:
    started = asked("train", "names-mlp", "--detach")
    assert started["status"] in ("training", "untrained")
    asked("pause", "latest")
    changed = asked("set", "latest", "train.learning_rate=0.05")["changed"]
    assert (changed[0]["old"], changed[0]["new"]) == (0.1, 0.05)
    stopped = asked("stop", "latest")
    assert stopped["step"] == changed[0]["step"]
    assert asked("runs")["runs"][0]["status"] == "stopped"


def test_a_text_of_ones_own_and_a_name_of_ones_own(asked, tmp_path) -> None:
    lines = [f"{a}{b}" for a in "abcdef" for b in "uvwxyz"]
    (tmp_path / "here" / "pairs.txt").write_text("\n".join(lines))
    trained = asked("train", "pairs.txt", *FAST, "--name", "mine")
    assert trained["run"] == "mine"
    (tmp_path / "here" / "pairs.txt").unlink()
    assert asked("eval", "mine", "--split", "test")["tokens"] > 0


def test_a_diverged_training_is_a_failure_that_says_why(capsys) -> None:
    wild = ("model.activation=gelu", "model.layers=3", "train.learning_rate=100")
    assert run_command(["train", "names-mlp", *wild, "--json"]) == 1
    out, err = capsys.readouterr()
    assert '"status":"diverged"' in out
    assert "steps too big (learning rate 100)" in err.splitlines()[-1]


def test_presets_and_corpora_are_listed(asked) -> None:
    presets = asked("presets")["presets"]
    assert "names-mlp" in [preset["preset"] for preset in presets]
    one = asked("presets", "names-mlp")
    assert one["settings"]["train.learning_rate"] == 0.1
    assert one["changes"] == ["train.learning_rate=0.01@100000"]
    assert {"names", "python"} <= {corpus["corpus"] for corpus in asked("data", "list")["corpora"]}
    shown = asked("data", "show", "names")
    assert shown["corpus"]["n_items"]["train"] >= 12_000
    assert shown["reference_losses"]["uniform"] == pytest.approx(math.log(27))


def test_options_may_stand_between_the_settings(asked) -> None:
    trained = asked("train", "names-mlp", FAST[0], "--name", "mine", *FAST[1:])
    assert (trained["run"], trained["steps"]) == ("mine", 120)


def test_a_run_that_waits_is_gone_on_with_by_resume(asked) -> None:
    asked("train", "names-mlp", *FAST, "train.steps=1000000", "--detach")
    step = asked("pause", "latest")
    assert step["status"] == "paused"
    assert asked("resume", "latest", "--detach")["status"] in ("training", "paused")
    assert asked("stop", "latest")["step"] >= step["step"]
