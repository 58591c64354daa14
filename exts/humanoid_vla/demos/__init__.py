"""Demonstrations: recording them (the one part that needs Isaac Lab), writing, checking and reading their files."""
