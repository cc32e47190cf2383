"""Key bindings of the Loss pane, with ids for the keymap file, and the help of the pane."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_binding

LOSS_HELP = (
    "Cross-entropy loss per token: lower is better. The border names the unit: nats; bits (nats / "
    "ln 2); or perplexity (e to the power of the loss in nats): the number of equally likely tokens "
    "the model is choosing between. ⠒ is the mean training loss over the batches of some steps, the "
    "shade behind it the range from lowest to highest; ↑ marks values above the chart. o is the "
    "validation loss. Dashed lines are baselines: uniform (guessing, ln V), bigram (pair counts), "
    "expected (final loss of this preset), perfect (entropy of the grammar that generated the text) "
    "and the best validation loss so far. ▲ marks a change of a setting; the rows below the chart "
    "list its effect. ┬ marks the steps with a stored sample or checkpoint. The row under the chart "
    "shows the losses of the steps in one column. Seconds are time inside training steps."
)


_key = partial(make_binding, "loss", show=False)


LOSS_BINDINGS: list[BindingType] = [
    _key("left", "left,h", "read(-1)", "previous step", key_display="←→", show=True),
    _key("right", "right,l", "read(1)", "next step", key_display="→"),
    _key("page_left", "pageup", "read(-10)", "ten columns back"),
    _key("page_right", "pagedown", "read(10)", "ten columns forward"),
    _key("first", "home", "read(-1000000)", "first step"),
    _key("last", "end", "read(1000000)", "latest step"),
    _key("look", "enter", "look", "view model at step", show=True),
    _key("x", "x", "x_axis", "x axis", show=True),
    _key("y", "y", "y_axis", "y axis", show=True),
    _key("in", "plus,equals_sign", "zoom_in", "zoom in", key_display="+", show=True),
    _key("out", "minus", "zoom_out", "zoom out", key_display="-", show=True),
    _key("all", "0", "show_all", "all steps", show=True),
    _key("now", "escape", "now", "latest step", show=True),
]
