"""The extension as Isaac Sim sees it: the class Kit starts, and its window.

This is the one package that may import ``omni``. Nothing is imported here, so that Kit's start stays cheap.
"""
