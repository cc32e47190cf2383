"""The ``seqlm-tui`` command: what importing makes is no garbage, so none is looked for meanwhile."""

import gc


def main() -> None:
    """Open the screen; once it is drawn, the app looks for garbage again."""
    gc.disable()
    from workbench.cli import main as open_screen

    open_screen()


if __name__ == "__main__":
    main()
