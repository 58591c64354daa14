"""Which of TensorRT's names a source file uses, found by reading it with ``ast``."""

from __future__ import annotations

import ast
from typing import NamedTuple

from tensorrt_bindings_api import Api


class Use(NamedTuple):
    """A member of a class of TensorRT's, or with class "" a name in its module."""

    cls: str
    member: str


class _Thing(NamedTuple):
    """What an expression stands for: the module, a class, an instance of it, or a method that gives such."""

    kind: str  # "module", "class", "instance", "method"
    cls: str


class _Reader(ast.NodeVisitor):
    """Follows values through assignments: ``trt.Builder(...)`` is a Builder, and its methods tell what they give."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.known: dict[str, _Thing] = {"trt": _Thing("module", "")}
        self.uses: set[Use] = set()

    def find(self, node: ast.expr) -> _Thing | None:
        """What an expression stands for, where that is TensorRT's; notes the names on the way."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id)
        if isinstance(node, ast.Attribute):
            if ast.unparse(node) in self.known:
                return self.known[ast.unparse(node)]
            owner = self.find(node.value)
            if owner is None or owner.kind == "method":
                return None
            self.uses.add(Use(owner.cls, node.attr))
            if owner.kind == "module":
                return _Thing("class", node.attr) if node.attr in self.api else None
            given = self.api.get(owner.cls, {}).get(node.attr, "")
            if given not in self.api or not given:
                return None
            is_value = given == owner.cls  # of an enumeration
            return _Thing("instance" if is_value else "method", given)
        if isinstance(node, ast.Call):
            called = self.find(node.func)
            return None if called is None else _Thing("instance", called.cls)
        return None

    def visit_Assign(self, node: ast.Assign) -> None:
        thing = self.find(node.value)
        if thing is not None:
            for target in node.targets:
                self.known[ast.unparse(target)] = thing
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.find(node)
        self.generic_visit(node)


def find_uses(source: str, api: Api) -> set[Use]:
    """All names of TensorRT's in a source text, whether they exist or not.

    Args:
        source: Where the module is called ``trt``, and a variable holds one kind of thing wherever it appears.
        api: What the bindings offer; by this it is known what a method gives.
    """
    reader, tree = _Reader(api), ast.parse(source)
    for _ in range(3):  # a method further up may use what one further down assigns
        reader.visit(tree)
    return reader.uses


def find_missing(source: str, api: Api) -> list[str]:
    """Those that do not exist."""
    return sorted(f"{use.cls}.{use.member}" for use in find_uses(source, api) if use.member not in api.get(use.cls, {}))
