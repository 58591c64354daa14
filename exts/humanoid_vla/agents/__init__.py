"""Learning algorithms that speak RSL-RL's algorithm protocol, so that its runner trains them unmodified."""
