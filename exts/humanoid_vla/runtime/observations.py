"""What a policy reads, from what a robot measures: the task's observation terms once more, in NumPy.

A bundle names the terms by the functions that the task computed them with; :mod:`.observation_terms` has each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .observation_terms import MAKERS, Measurement, Write, values_of

if TYPE_CHECKING:
    from .bundle import Bundle, Input, Term


class ObservationError(ValueError):
    """A term that cannot be computed, or something that is missing to do it: one line that names it."""


class ObservationBuilder:
    """Builds the observation groups that a policy reads, always in the same memory.

    Args:
        bundle: The policy's.

    Raises:
        ObservationError: If the bundle has a term that is unknown here, or parameters that make no sense.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.cameras: tuple[str, ...] = _names(bundle, "camera_rgb", "sensor_name")
        """Cameras whose pictures are read."""
        self.values: tuple[str, ...] = tuple(dict.fromkeys(_values_read(bundle)))
        """Privileged values that are read."""
        self.reads_instruction: bool = any(term.kind == "instruction" for term in _terms(bundle))
        """Whether an instruction is read."""
        self._groups = {group.name: np.zeros((1, *group.shape), group.dtype) for group in bundle.inputs}
        self._writers = [write for group in bundle.inputs for write in self._prepare(bundle, group)]

    def build(
        self,
        joint_pos: np.ndarray,
        joint_vel: np.ndarray,
        target: np.ndarray,
        last_action: np.ndarray,
        embedding: np.ndarray | None,
        images: Mapping[str, np.ndarray],
        values: Mapping[str, np.ndarray],
        time: float,
    ) -> dict[str, np.ndarray]:
        """The groups by name, (1, ...) each; the next call overwrites them. Arguments as in :class:`Measurement`.

        Raises:
            ObservationError: If an instruction, a picture or a value is missing or has another shape.
        """
        measured = Measurement(joint_pos, joint_vel, target, last_action, embedding, images, values, time)
        for name, write, part in self._writers:
            try:
                write(measured, part)
            except (ValueError, KeyError) as error:
                raise ObservationError(f"{name}: {_why(error)}") from None
        return self._groups

    def _prepare(self, bundle: Bundle, group: Input) -> list[tuple[str, Write, np.ndarray]]:
        if group.history > 1:
            raise ObservationError(f"{group.name}: a history of {group.history} steps is not supported")
        memory, writers = self._groups[group.name][0], []
        for term in group.terms:
            name = f"{group.name}/{term.name}"
            if term.kind not in MAKERS:
                raise ObservationError(f"{name} is a '{term.kind}', which is unknown; known: {', '.join(MAKERS)}")
            part = memory if memory.ndim == 3 else memory[term.start : term.stop]
            try:
                write = MAKERS[term.kind](bundle, term, part.shape)
            except (ValueError, KeyError) as error:
                raise ObservationError(f"{name}: {_why(error)}") from None
            writers.append((name, write, part))
        return writers


def _terms(bundle: Bundle) -> list[Term]:
    return [term for group in bundle.inputs for term in group.terms]


def _names(bundle: Bundle, kind: str, param: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(term.params.get(param)) for term in _terms(bundle) if term.kind == kind))


def _values_read(bundle: Bundle) -> list[str]:
    return [name for term in _terms(bundle) for name in values_of(term)]


def _why(error: ValueError | KeyError) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
