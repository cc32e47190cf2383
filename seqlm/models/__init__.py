"""Model families with a common interface ``(tokens, state) -> (logits, state)``."""
