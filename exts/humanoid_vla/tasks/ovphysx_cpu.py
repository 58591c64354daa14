"""Work-around: OvPhysX on a machine without CUDA.

Isaac Lab 3.0.0's OvPhysX assets ask Warp for page-locked ("pinned") host memory to stage transfers to the GPU. Without
a CUDA driver that request fails ("Failed to allocate 64 bytes on device 'cpu'"), and nothing is gained from it: on the
CPU there is no transfer. Remove this file once Isaac Lab asks for pinned memory only where there is a GPU.
"""

from __future__ import annotations

import functools
from typing import Any

import warp as wp

_ALLOCATORS = ("array", "empty", "zeros", "ones", "full", "empty_like", "zeros_like", "ones_like", "full_like", "clone")


def drop_pinned_memory() -> None:
    """Make Warp's allocators ignore ``pinned=True``. Call only where there is no CUDA device; calling twice is safe."""
    for name in _ALLOCATORS:
        allocator = getattr(wp, name)
        if not isinstance(allocator, type) and not hasattr(allocator, "_drops_pinned"):
            setattr(wp, name, _without_pinned(allocator))


def _without_pinned(allocator: Any) -> Any:
    @functools.wraps(allocator)
    def allocate(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("pinned", None)
        return allocator(*args, **kwargs)

    allocate._drops_pinned = True  # type: ignore[attr-defined]
    return allocate
