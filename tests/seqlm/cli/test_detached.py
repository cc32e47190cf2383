"""Training in a separate process that continues while commands start and end."""


def test_detached_run_can_be_paused_changed_resumed_and_stopped(run_json) -> None:
    started = run_json("train", "names-mlp", "--detach")
    assert started["run"] == "names-mlp-1"
    assert started["status"] in ("training", "untrained")
    paused = run_json("pause", "latest")
    assert paused["status"] == "paused"
    changed = run_json("set", "latest", "train.learning_rate=0.05")["changed"]
    assert (changed[0]["old"], changed[0]["new"]) == (0.1, 0.05)
    assert changed[0]["step"] == paused["step"]
    assert run_json("resume", "latest", "--detach")["status"] in ("training", "paused")
    assert run_json("stop", "latest")["step"] >= paused["step"]
    assert run_json("runs")["runs"][0]["status"] == "stopped"
