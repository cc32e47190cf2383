"""Training: from a configuration and a corpus to weights, reported as events."""
