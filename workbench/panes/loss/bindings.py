"""Key bindings of the Loss pane, with ids for the keymap file, and the help of the pane."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_pane_binding

LOSS_HELP = (
    "Cross-entropy loss per token: lower is better. The border names the unit: nats; bits (nats / "
    "ln 2); or perplexity (e to the power of the loss in nats): the number of equally likely tokens "
    "the model is choosing between. ⠒ is the mean training loss over the batches of some steps, the "
    "shade behind it the range from lowest to highest; ↑ marks values above the chart. o is the "
    "validation loss. Dashed lines are baselines: uniform (guessing, ln V), bigram (pair counts), "
    "expected (final loss of this preset), perfect (entropy of the grammar that generated the text) "
    "and the best validation loss so far. ▲ marks a change of a setting; the rows below the chart "
    "list its effect. ┬ marks the steps with a stored sample or checkpoint. The row under the chart "
    "shows the losses of the steps in one column. Seconds are time inside training steps. The chart "
    "begins where the loss falls below guessing, because the steps before only show the scale of the "
    "initial weights. <loss.recent> shows the last half of the steps and <loss.all> all steps; the same "
    "key again returns to this range."
)


_key = partial(make_pane_binding, "loss")

LOSS_BINDINGS: list[BindingType] = [
    _key("left", "left,h", "read a step", key_display="←→", is_cursor=True),
    _key("right", "right,l", "next step", key_display="→", is_cursor=True, show=False),
    _key("page_left", "pageup", "ten columns back", is_cursor=True, show=False),
    _key("page_right", "pagedown", "ten columns forward", is_cursor=True, show=False),
    _key("first", "home", "first step", is_cursor=True, show=False),
    _key("last", "end", "latest step", is_cursor=True, show=False),
    _key("look", "enter", "view model at step", action="look"),
    _key(
        "x",
        "x",
        "axis",
        help_text="Next x axis: steps, steps on a log scale, seconds, epochs",
    ),
    _key(
        "y",
        "y",
        "unit",
        help_text="Next unit: nats, nats (log), bits, perplexity",
    ),
    _key("recent", "n", "recent", help_text="Show the last half of the steps, or end this"),
    _key("all", "0", "all", help_text="Show all steps, or end this"),
    _key("in", "plus,equals_sign", "zoom in", key_display="+"),
    _key("out", "minus", "zoom out", key_display="-"),
    _key("now", "escape", "latest step", help_text="Return to the latest step"),
]
