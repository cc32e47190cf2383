"""The keys of the Generate pane, by names that a keymap can move, and its help."""

from functools import partial

from textual.binding import BindingType

from workbench.keyboard.bindings import make_binding
from workbench.panes.generate.view_model import VIEWS, GenerateView, Showing

GENERATE_HELP = (
    "What the model expects next, and the text drawn from it. Under each token stands its "
    "surprisal in nats: -ln p under the model, whatever the sampler does. "
    "View 1, step: what the model gives each candidate, and what it is drawn with. The bar lays the "
    "candidates side by side from 0 to 1; u is the random number that fell on one of them. "
    "View 2, samples: whole texts, and whether they stand in the data. View 3, stages: what "
    "temperature, top-k, top-p and min-p make of the candidates, in the order of sample.order; ln p "
    "is the model's logit up to a constant. View 4, tree: another token at a place begins a branch; the "
    "old one stays. View 5, guess: your guesses against the model's, on text it was not trained on. "
    "What is drawn keeps the weights it was drawn from; <generate.leave> lets it go and follows the "
    "newest."
)
_TEXT: tuple[Showing, ...] = ("step", "stages", "tree")
_NOT_IN_GAME: tuple[Showing, ...] = ("step", "samples", "stages", "tree")
_WHERE: dict[str, tuple[Showing, ...]] = {
    "take": ("step", "stages"),
    "open": ("tree",),
    "guess": ("guess",),
    "drop": ("tree",),
    "keep": ("tree",),
    "fork": _TEXT,
    **dict.fromkeys(("draw", "back", "auto", "again", "undo", "redo"), _NOT_IN_GAME),
    **dict.fromkeys(("point", "edit"), _NOT_IN_GAME),
}
_WAYS_OUT = ("cancel", "end_game", "give_up", "leave")
_NEED_TEXT = ("fork", "drop", "keep")


def with_key_labels(view: GenerateView, words: str) -> str:
    """Words with the keys that they name, as these are called now."""
    return view.look.keys.substitute_keys(words, GENERATE_BINDINGS)


def is_action_available(view: GenerateView, action: str, is_editing: bool = False) -> bool:
    """Whether an action would do something now; a key that would not is not there."""
    if action in _WAYS_OUT:
        return action == _way_out(view, is_editing)
    if action == "temperature":  # in no view these keys are those of everywhere
        return not is_editing
    if view.is_guessing or is_editing:
        return action == "take" and is_editing
    has_text = view.is_holding or len(view.text.branches) > 1
    return view.showing in _WHERE.get(action, VIEWS) and (has_text or action not in _NEED_TEXT)


def _way_out(view: GenerateView, is_editing: bool) -> str:
    """What the one key does that leads out of everything: the innermost first."""
    if is_editing:
        return "cancel"
    if view.is_guessing:
        return "end_game"
    if view.waited_s is not None:
        return "give_up"
    return "leave" if view.has_to_let_go or view.message is not None else ""


def action_availability(view: GenerateView) -> tuple[bool, ...]:
    """What is possible: when it changes, so do the keys that are shown."""
    return tuple(is_action_available(view, action) for action in (*_WAYS_OUT, "view", *_WHERE))


_key = partial(make_binding, "generate")


GENERATE_BINDINGS: list[BindingType] = [
    _key("draw", "right,l", "draw", "next", "Draw the next token, or go to the one drawn already"),
    _key("back", "left,h", "back", "back", "Go one token back; nothing is lost"),
    _key("up", "up,k", "point(-1)", "up", "The candidate, branch or sample above", show=False),
    _key("down", "down,j", "point(1)", "down", "The candidate, branch or sample below", show=False),
    _key("page_up", "pageup", "point(-10)", "page up", "Ten up", show=False),
    _key("page_down", "pagedown", "point(10)", "page down", "Ten down", show=False),
    _key(
        "first",
        "home",
        "point(-1000000)",
        "first",
        "The first: the most probable candidate",
        show=False,
    ),
    _key(
        "last",
        "end",
        "point(1000000)",
        "last",
        "The last: the least probable candidate",
        show=False,
    ),
    _key("take", "enter", "take", "pick", "Put the candidate under the cursor here: a branch"),
    _key("open", "enter", "open", "go there", "Look at the token under the tree's cursor"),
    _key(
        "guess",
        "enter,i",
        "guess",
        "guess",
        "Begin: each letter is a guess, <generate.end_game> ends it",
    ),
    _key(
        "drop",
        "d",
        "drop",
        "drop",
        "Take the branch out of the tree; <generate.undo> brings it back",
    ),
    _key("keep", "m", "keep", "keep", "Keep the branch when the others are let go, or no more"),
    _key("auto", "a", "auto", "auto", "Draw on, four tokens a second; any key stops"),
    _key("again", "n", "again", "new draw", "Draw this token again with another random number"),
    _key("fork", "b", "fork", "branch", "Begin a branch here, with random numbers of its own"),
    _key("undo", "u", "undo", "undo", "Take the last change of the text back"),
    _key("ten", "g", "ten", "ten samples", "Draw ten samples of the prompt"),
    _key("redo", "U", "redo", "redo", "Make the change again that was taken back", show=False),
    _key("edit", "i", "edit", "prompt", "Edit the prompt"),
    _key("view", "v", "view(1)", "view", "Next view: step, samples, stages, tree, guess"),
    _key("view_back", "V", "view(-1)", "view before", "The view before", show=False),
    _key("cooler", "[,(", "temperature(0.5)", "T ÷2", "Halve the temperature", show=False),
    _key("warmer", "],)", "temperature(2.0)", "T ×2", "Double the temperature", show=False),
    _key("cancel", "escape", "cancel", "cancel", "Leave the field; the prompt stays as it was"),
    _key("end_game", "escape", "end_game", "end the game", "Letters are keys again"),
    _key("give_up", "escape", "give_up", "stop waiting", "Wait for no answer any more"),
    _key("leave", "escape", "leave", "follow", "Let the text go and follow the newest weights"),
]
