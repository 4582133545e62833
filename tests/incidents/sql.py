"""Whether the SQL of a call is made of constants alone, as its source says."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.browser.server import ROOT

TAKE_SQL = {
    "execute": 0,
    "executemany": 0,
    "executescript": 0,
    "query": 0,
    "_read": 0,
    "_all": 0,
    "_one": 1,
    "_change": 2,
    "_change_next": 2,
    "attached": 3,
    "_attached": 3,
}
"""Functions, and where among their arguments SQL is; ours may do what they like with that one."""
Scope = ast.FunctionDef | ast.Module


class Source:
    def __init__(self, text: str, around: Path | None = None) -> None:
        """around: the folder in which other modules are looked for."""
        self._around = around
        self._tree = ast.parse(text)
        self._scopes: dict[ast.AST, list[Scope]] = {}
        self._enter(self._tree, [self._tree])

    def _enter(self, node: ast.AST, scopes: list[Scope]) -> None:
        """Which functions each node is in, the innermost first."""
        self._scopes[node] = scopes
        if isinstance(node, ast.FunctionDef):
            scopes = [node, *scopes]
        for child in ast.iter_child_nodes(node):
            self._enter(child, scopes)

    def not_constant(self) -> list[str]:
        """The calls whose SQL may hold something else."""
        calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call)]
        return [ast.unparse(call) for call in calls if not self._takes_constants(call)]

    def _takes_constants(self, call: ast.Call) -> bool:
        at = TAKE_SQL.get(_name(call.func))
        return at is None or (len(call.args) > at and self._is_constant(call.args[at]))

    def _is_constant(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts):
                return all(map(self._is_constant, parts))
            case ast.FormattedValue(value=value):
                return self._is_constant(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._is_constant(left) and self._is_constant(right)
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(), attr="join"),
                args=[ast.GeneratorExp(elt=each)],
            ):
                return self._is_constant(each)
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name.isupper():
                return self._elsewhere(module, name)
            case ast.Name(id=name):
                return self._is_bound_to_constants(node, name)
        return False

    def _elsewhere(self, module: str, name: str) -> bool:
        assert self._around is not None
        text = (self._around / f"{module}.py").read_text(encoding="utf-8")
        other = Source(text, self._around)
        return all(bound and other._is_constant(bound) for bound in other._bound(other._tree, name))

    def _is_bound_to_constants(self, node: ast.AST, name: str) -> bool:
        for scope in self._scopes[node]:
            if bound := list(self._bound(scope, name)):
                return all(value is not None and self._is_constant(value) for value in bound)
        return False

    def _bound(self, scope: Scope, name: str) -> Iterator[ast.expr | None]:
        """All that the name stands for in this function; None for what nobody knows here."""
        if isinstance(scope, ast.FunctionDef):
            names = [argument.arg for argument in scope.args.args if argument.arg != "self"]
            if name in names:
                own = TAKE_SQL.get(scope.name) == names.index(name)
                yield ast.Constant("") if own else None
        for node in ast.walk(scope):
            if self._scopes[node][0] is scope:
                yield from self._bound_by(node, name)

    def _bound_by(self, node: ast.AST, name: str) -> Iterator[ast.expr | None]:
        match node:
            case ast.Assign(targets=[target], value=value):
                pass
            case (
                ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
            ):
                pass
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                pass
            case ast.ImportFrom(module=module, names=names):
                if name in [each.name for each in names]:
                    known = self._elsewhere(str(module).rpartition(".")[2], name)
                    yield ast.Constant("") if known else None
                return
            case _:
                return
        if name in {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}:
            yield value


def _name(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def not_constant() -> list[str]:
    """In all of the store."""
    folder = ROOT / "chatcore/store/sqlite"
    return [
        found
        for path in sorted(folder.glob("*.py"))
        for found in Source(path.read_text(encoding="utf-8"), folder).not_constant()
    ]
