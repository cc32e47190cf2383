"""Header: its parts never touch, at any width."""

from msgspec.structs import replace
from recorded_logs import until
from rich.cells import cell_len

from seqlm.presets import preset_config
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import AppState
from workbench.widgets.header import header_row

CONFIG = preset_config("names-mlp")


def test_the_sparkline_has_a_space_on_either_side() -> None:
    run = reduce_events(RunState(), until("steered", 3000))
    for seconds in (7, 438, 4380):
        state = AppState(CONFIG, run_config=CONFIG, run=replace(run, trained_s=float(seconds)))
        for width in range(20, 160):
            row = header_row(state, width)
            assert sum(cell_len(text) for text, _ in row) <= width
            texts = ["".join(text for text, _ in row)]
            sparkline = next((text for text, role in row if role == "train" and "█" in text), "")
            assert not sparkline or f" {sparkline} " in texts[0]
