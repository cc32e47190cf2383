"""The keys of the Loss pane, by names that a keymap can move, and its help."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_binding

LOSS_HELP = (
    "How surprised the model is by the right token: lower is better. The unit stands on the border: "
    "nats; bits, which are nats / ln 2; or perplexity, e to the power of the nats: among how many "
    "tokens the model wavers. ⠒ is the mean over the batches of some steps, the shade behind it their"
    " lowest and highest; ↑ stands where it is above the chart; o is the loss on validation text, "
    "which it never trains on. Dashed lines are what to compare with: guessing (uniform, ln V), "
    "counting pairs (bigram), what this preset is known to reach (expected), the entropy of the rules"
    " that made the text (perfect), the best so far. ▲ marks where a value was changed; below stands "
    "what that did. ┬ marks the steps from which a draw was kept. The row under the chart reads the "
    "losses of the steps in one column. Seconds are time inside training steps."
)


_key = partial(make_binding, "loss", show=False)


LOSS_BINDINGS: list[BindingType] = [
    _key("left", "left,h", "read(-1)", "read a step", key_display="←→", show=True),
    _key("right", "right,l", "read(1)", "read the next step", key_display="→"),
    _key("page_left", "pageup", "read(-10)", "ten columns back"),
    _key("page_right", "pagedown", "read(10)", "ten columns on"),
    _key("first", "home", "read(-1000000)", "the first step"),
    _key("last", "end", "read(1000000)", "the latest step"),
    _key("look", "enter", "look", "look at the model there", show=True),
    _key("x", "x", "x_axis", "axis", show=True),
    _key("y", "y", "y_axis", "unit", show=True),
    _key("in", "plus,equals_sign", "zoom_in", "zoom in", key_display="+", show=True),
    _key("out", "minus", "zoom_out", "zoom out", key_display="-", show=True),
    _key("all", "0", "show_all", "all steps", show=True),
    _key("now", "escape", "now", "back to now", show=True),
]
