"""The keys of everywhere, what keys are called, and what numbers and signs mean."""
