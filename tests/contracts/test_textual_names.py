"""Private names of Textual: none is overridden or used by accident."""

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

from textual.message_pump import MessagePump

import workbench

ROOT = Path(workbench.__file__).parent
GENERATED = {
    "_abc_impl",
    "_computes",
    "_css_type_name",
    "_css_type_names",
    "_decorated_handlers",
    "_inherit_bindings",
    "_inherit_component_classes",
    "_inherit_css",
    "_merged_bindings",
    "_reactives",
}
"""Names that Textual itself sets on every subclass."""
OVERRIDES = {
    "Field._on_paste": "Textual inserts only the first line of a paste",
    "MainScreen._default_focused": "set by Textual's metaclass for the overridden reactive",
    "OptionRows._get_option_render": "adds the edition of the list to the style of its cells",
    "OptionRows._on_click": "ignores a click on an option of an earlier edition",
    "TerminalApp._exception": "the first unexpected error is reported",
    "TerminalApp._handle_exception": "an unexpected error ends the app in one line",
    "TerminalApp._print_error_renderables": "an unexpected error ends the app in one line",
    "TerminalApp._return_code": "an unexpected error sets the exit status",
}
"""Private names of Textual that a class of ours overrides or sets on purpose, with the reason."""
USES = {
    "_cancel_gather_commands": "the command palette stops searching when it is closed",
    "_close_messages_no_wait": "an unexpected error ends the app",
    "_driver": "the app controls its driver",
    "_exception_event": "an unexpected error ends a test",
    "_loop": "the driver posts to the event loop of the app",
    "_normalize_key_list": "keys of a keymap are compared in the notation of Textual",
    "_parent": "finds the screen of a message pump",
    "textual._context": "finds the active message pump",
    "textual._xterm_parser": "base class of the input parser",
}
"""Private names of Textual that our code uses, with the reason."""
OWN = {"_exit"}
"""Names used from ``os`` that Textual has too."""


def textual_subclasses() -> list[type[Any]]:
    """Return the classes of the workbench that derive from a class of Textual."""
    for module in pkgutil.walk_packages([str(ROOT)], "workbench."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, left = [], [MessagePump]
    while left:
        cls = left.pop()
        left += cls.__subclasses__()
        if cls.__module__.startswith("workbench"):
            found.append(cls)
    return list(dict.fromkeys(found))


@cache
def own_names(cls: type[Any]) -> set[str]:
    """Return the private names that the source of a class defines: methods and attributes of self."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(cls)))
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()):
                names.add(node.attr)
    names |= vars(cls).keys() - GENERATED
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def textual_names(cls: type[Any]) -> set[str]:
    """Return the private names that the Textual bases of a class define, attributes of self included."""
    found: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.startswith("textual"):
            found |= own_names(base)
    return found


def test_no_class_overrides_a_private_name_of_textual_by_accident() -> None:
    classes = textual_subclasses()
    assert len(classes) > 15
    found = {
        f"{cls.__name__}.{name}" for cls in classes for name in own_names(cls) & textual_names(cls)
    }
    assert found == OVERRIDES.keys()


def test_every_use_of_a_private_name_of_textual_is_listed() -> None:
    private = set().union(*map(textual_names, textual_subclasses()))
    ours: set[str] = set()
    used: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    ours.add(node.name)
                case ast.Attribute(ctx=ast.Store()):
                    ours.add(node.attr)
                case ast.ImportFrom(module=str(module)) if module.startswith("textual"):
                    used |= {module} if "._" in module else set()
                    used |= {name.name for name in node.names if name.name.startswith("_")}
                case ast.Attribute(attr=attr) if attr in private:
                    used.add(attr)
    listed = USES.keys() | OWN | {name.rpartition(".")[2] for name in OVERRIDES}
    assert used - ours - listed == set()
    assert USES.keys() <= used
