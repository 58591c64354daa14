"""Torch networks that map observations to actions or values; no simulator, no learning algorithm."""
