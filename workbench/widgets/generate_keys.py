"""The keys of the Generate pane, by names that a keymap can move, and its help."""

from textual.binding import Binding, BindingType

GENERATE_HELP = (
    "What the model expects next, and the text drawn from it. Under each token stands its "
    "surprisal in nats. The table shows each candidate: what the model gives it, and what it is "
    "drawn with after temperature and top-k. The bar lays the candidates side by side from 0 to "
    "1; u is the random number that fell on one of them. → draws, ← goes back, enter takes the "
    "candidate at ▸. What is drawn keeps the weights it was drawn from; esc follows the newest."
)


def _key(
    name: str, keys: str, action: str, words: str, help_text: str, show: bool = True
) -> Binding:
    """A binding whose id is the pane and a name, for a file that moves keys."""
    return Binding(keys, action, words, show=show, tooltip=help_text, id=f"generate.{name}")


GENERATE_BINDINGS: list[BindingType] = [
    _key("draw", "right,l", "draw", "next", "Draw the next token, or go to the one drawn already"),
    _key("back", "left,h", "back", "back", "Go one token back; nothing is lost"),
    _key("up", "up,k", "point(-1)", "up", "The candidate above", show=False),
    _key("down", "down,j", "point(1)", "down", "The candidate below", show=False),
    _key("page_up", "pageup", "point(-10)", "page up", "Ten candidates up", show=False),
    _key("page_down", "pagedown", "point(10)", "page down", "Ten candidates down", show=False),
    _key("first", "home", "point(-1000000)", "first", "The most probable candidate", show=False),
    _key("last", "end", "point(1000000)", "last", "The least probable candidate", show=False),
    _key("take", "enter", "take", "take it", "Put the candidate under the cursor here: a branch"),
    _key("auto", "a", "auto", "auto", "Draw on, four tokens a second; any key stops"),
    _key("again", "n", "again", "new draw", "Draw this token again with another random number"),
    _key("ten", "g", "ten", "ten samples", "Draw ten samples of the prompt"),
    _key("undo", "u", "undo", "undo", "Take the last change of the text back"),
    _key("redo", "U", "redo", "redo", "Make the change again that was taken back", show=False),
    _key("edit", "i", "edit", "prompt", "Edit the prompt"),
    _key("view", "v,V", "view", "view", "The next view: one step, or samples", show=False),
    _key("cooler", "[,(", "temperature(0.5)", "T ÷2", "Halve the temperature", show=False),
    _key("warmer", "],)", "temperature(2.0)", "T ×2", "Double the temperature", show=False),
    _key("leave", "escape", "leave", "follow", "Leave the field, or follow the newest weights"),
]
