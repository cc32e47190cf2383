"""A text drawn token by token, without a screen."""
