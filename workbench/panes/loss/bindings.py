"""The keys of the Loss pane, by names that a keymap can move, and its help."""

from textual.binding import Binding, BindingType

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


def _key(
    name: str, keys: str, action: str, words: str, shown: str | None = None, show: bool = False
) -> Binding:
    """A binding whose id is the pane and a name, for a file that moves keys."""
    return Binding(keys, action, words, show=show, key_display=shown, id=f"loss.{name}")


LOSS_BINDINGS: list[BindingType] = [
    _key("left", "left,h", "read(-1)", "read a step", "←→", show=True),
    _key("right", "right,l", "read(1)", "read the next step", "→"),
    _key("page_left", "pageup", "read(-10)", "ten columns back"),
    _key("page_right", "pagedown", "read(10)", "ten columns on"),
    _key("first", "home", "read(-1000000)", "the first step"),
    _key("last", "end", "read(1000000)", "the latest step"),
    _key("look", "enter", "look", "look at the model there", show=True),
    _key("x", "x", "x_axis", "axis", show=True),
    _key("y", "y", "y_axis", "unit", show=True),
    _key("in", "plus,equals_sign", "zoom_in", "zoom in", "+", show=True),
    _key("out", "minus", "zoom_out", "zoom out", "-", show=True),
    _key("all", "0", "show_all", "all steps", show=True),
    _key("now", "escape", "now", "back to now", show=True),
]
