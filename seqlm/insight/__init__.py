"""Views inside a model: named activations, ablation, and one function for each view."""
