"""Run specification as text (the recipe), the relevance of its settings, and its baselines."""
