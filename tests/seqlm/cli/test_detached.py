"""Training in a separate process that continues while commands start and end."""


def test_a_detached_run_is_steered_paused_gone_on_with_and_stopped(asked) -> None:
    started = asked("train", "names-mlp", "--detach")
    assert started["run"] == "names-mlp-1"
    assert started["status"] in ("training", "untrained")
    paused = asked("pause", "latest")
    assert paused["status"] == "paused"
    changed = asked("set", "latest", "train.learning_rate=0.05")["changed"]
    assert (changed[0]["old"], changed[0]["new"]) == (0.1, 0.05)
    assert changed[0]["step"] == paused["step"]
    assert asked("resume", "latest", "--detach")["status"] in ("training", "paused")
    assert asked("stop", "latest")["step"] >= paused["step"]
    assert asked("runs")["runs"][0]["status"] == "stopped"
