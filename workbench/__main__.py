"""The ``seqlm-tui`` command. Nothing that importing makes is garbage, so none is looked for meanwhile."""

import gc


def main() -> None:
    """Open the screen; once it is drawn, the app looks for garbage again."""
    gc.disable()
    from workbench.cli import main as open_screen

    open_screen()


if __name__ == "__main__":
    main()
