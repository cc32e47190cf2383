"""Text sampled token by token, independent of the screen."""
