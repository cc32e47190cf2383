"""Text generation: sampling stages, and sampling and scoring with a model."""
