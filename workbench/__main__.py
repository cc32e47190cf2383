"""Entry point of ``seqlm-tui``; garbage collection is off while modules are imported."""

import gc


def main() -> None:
    """Open the screen; the app turns garbage collection on after the first frame."""
    gc.disable()
    from workbench.application.cli import main as open_screen

    open_screen()


if __name__ == "__main__":
    main()
