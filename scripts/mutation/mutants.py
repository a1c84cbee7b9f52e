"""Mutants of a source file: every place at which an operator or a small constant can be changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
}
CONSTANTS = 10  # integers up to this one are small


@dataclass(frozen=True, order=True)
class Mutant:
    """A change of one expression: the source between two offsets, in bytes, is replaced.

    line: the first line of the expression, from 1 on.
    """

    path: str
    line: int
    start: int
    stop: int
    before: str
    after: str

    def apply(self, source: str) -> str:
        """Return the source with the change."""
        data = source.encode()
        return (data[: self.start] + self.after.encode() + data[self.stop :]).decode()


def mutants(path: str, source: str) -> list[Mutant]:
    """Return every mutant of a file, in the order of the source."""
    offsets = [0]
    for line in source.encode().splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    data = source.encode()
    found = []
    for node, after in _changes(ast.parse(source)):
        start = offsets[node.lineno - 1] + node.col_offset
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        stop = offsets[node.end_lineno - 1] + node.end_col_offset
        found.append(Mutant(path, node.lineno, start, stop, data[start:stop].decode(), after))
    return sorted(found)


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield an expression and the source that replaces the expression, for every change."""
    skipped = _skipped(tree)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            right = node.comparators[0]
            if other := COMPARISONS.get(type(node.ops[0])):
                yield node, f"({ast.unparse(node.left)} {other} {ast.unparse(right)})"
        elif isinstance(node, ast.BoolOp):
            other = " or " if isinstance(node.op, ast.And) else " and "
            yield node, f"({other.join(f'({ast.unparse(value)})' for value in node.values)})"
        elif isinstance(node, ast.BinOp) and (other := ARITHMETIC.get(type(node.op))):
            yield node, f"(({ast.unparse(node.left)}) {other} ({ast.unparse(node.right)}))"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, f"bool({ast.unparse(node.operand)})"
        elif isinstance(node, ast.Constant):
            yield from _of_constant(node)


def _of_constant(node: ast.Constant) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node.value, bool):
        yield node, str(not node.value)
    elif isinstance(node.value, int) and 0 <= node.value <= CONSTANTS:
        yield node, str(node.value + 1)
    elif isinstance(node.value, float):
        yield node, repr(node.value * 2.0 + (1.0 if node.value == 0.0 else 0.0))


def _skipped(tree: ast.Module) -> set[ast.AST]:
    """Return the nodes without behaviour: annotations, type aliases, assertions, formatted strings."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            roots.append(node.annotation)
            if isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias":
                roots += [node.value] if node.value is not None else []
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            roots += [argument.annotation for argument in arguments if argument.annotation is not None]
            roots += [] if node.returns is None else [node.returns]
        elif isinstance(node, ast.Assert | ast.JoinedStr) or _is_for_types(node):
            roots.append(node)
    return {child for root in roots for child in ast.walk(root)}


def _is_for_types(node: ast.AST) -> bool:
    """Return whether a node is an `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
