"""Every error code that the product's source can raise, read from the source itself.

A code counts where it is written: in a call of an error class, in `super().__init__` of one, in the hub's
`error_response`, in `code=` of what carries one (`CARRIERS`), or in brackets behind what the command prints. A code
that is handed on (`error.code`, the parameter `code` of `HANDING_ON`) counts where it came from. A call whose code
is none of these is a dynamic site.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "edgeprof",
    "agent/edgeprof_agent",
    "hub/edgeprof_hub",
    "model_exports/edgeprof_exports",
    "device_profiles/edgeprof_devices",
)
REFUSED_BY_HUB = 1
"""What a command ends with when the hub refuses over HTTP: the client raises a HubError."""
CARRIERS = {"Refusal": REFUSED_BY_HUB, "ErrorBody": REFUSED_BY_HUB, "RunField": 2}
"""What is made with `code=`, and what a command ends with that prints it."""

HANDED_ON = ""
"""In the place of a code that counts where it was written."""

Name = tuple[str, str]
BASE: Name = ("edgeprof.errors", "EdgeprofError")
HANDING_ON = ("__init__", "error_response")
"""Functions whose parameter `code` counts where they are called."""


@dataclass
class Raised:
    """`exits`: the exit codes of the classes that carry a code. `dynamic`: file and source of sites without one."""

    exits: dict[str, set[int]] = field(default_factory=lambda: {})
    statuses: dict[str, set[int]] = field(default_factory=lambda: {})
    dynamic: set[tuple[str, str]] = field(default_factory=lambda: set())


@dataclass
class _Module:
    path: str
    name: str
    tree: ast.Module
    names: dict[str, Name]
    """Local name -> where it is defined."""


@lru_cache
def raised(root: Path = ROOT) -> Raised:
    """Of the whole product, or of another tree with the same rooms."""
    modules = [_module(root, room, file) for room in ROOMS for file in sorted((root / room).rglob("*.py"))]
    classes = _error_classes(modules)
    found = Raised()
    for module in modules:
        _collect(module, classes, found)
    return found


def _module(root: Path, room: str, file: Path) -> _Module:
    tree = ast.parse(file.read_text())
    dotted = ".".join(file.relative_to((root / room).parent).with_suffix("").parts).removesuffix(".__init__")
    names: dict[str, Name] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({each.asname or each.name: (node.module, each.name) for each in node.names})
        elif isinstance(node, ast.ClassDef):
            names[node.name] = (dotted, node.name)
    return _Module(str(file.relative_to(root)), dotted, tree, names)


@dataclass(frozen=True)
class _ErrorClass:
    exit_code: int
    code_at: int | None
    """Where its constructor takes the code; None: it has a code of its own."""


def _error_classes(modules: list[_Module]) -> dict[Name, _ErrorClass]:
    """Every class below EdgeprofError."""
    found: dict[Name, _ErrorClass] = {BASE: _ErrorClass(1, 0)}
    size = 0
    while len(found) != size:
        size = len(found)
        for module in modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    bases = [found.get(module.names.get(ast.unparse(base), ("", ""))) for base in node.bases]
                    inherited = next((each for each in bases if each is not None), None)
                    if inherited is not None:
                        found[(module.name, node.name)] = _error_class(node, inherited)
    return found


def _error_class(node: ast.ClassDef, inherited: _ErrorClass) -> _ErrorClass:
    exit_code, code_at = inherited.exit_code, inherited.code_at
    for each in node.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "exit_code":
            exit_code = int(ast.literal_eval(each.value))
        elif isinstance(each, ast.FunctionDef) and each.name == "__init__":
            code_at = _position(each, "code")
    return _ErrorClass(exit_code, code_at)


def _position(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> int | None:
    """Of a parameter among the positional ones, `self` left out."""
    names = [each.arg for each in function.args.args if each.arg != "self"]
    return names.index(name) if name in names else None


def _collect(module: _Module, classes: dict[Name, _ErrorClass], found: Raised) -> None:
    for node, scopes in _walk(module.tree, ()):
        if isinstance(node, ast.ExceptHandler) and module.path == "edgeprof/cli.py":
            _of_printed(node, found)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "error_response":
            codes = _note(module, node, node.args[1:2], scopes, REFUSED_BY_HUB, found)
            if isinstance(node.args[0], ast.Constant):
                for code in codes:
                    found.statuses.setdefault(code, set()).add(ast.literal_eval(node.args[0]))
        elif called.split(".")[-1] in CARRIERS:
            given = [each.value for each in node.keywords if each.arg == "code"]
            _note(module, node, given, scopes, CARRIERS[called.split(".")[-1]], found)
        else:
            kind = _kind(called, module, classes, scopes)
            if kind is not None and kind.code_at is not None:
                _note(module, node, node.args[kind.code_at :][:1], scopes, kind.exit_code, found)


def _walk(node: ast.AST, scopes: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Every node with the module, classes and functions around it, innermost last."""
    if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        scopes = (*scopes, node)
    yield node, scopes
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, scopes)


def _kind(
    called: str, module: _Module, classes: dict[Name, _ErrorClass], scopes: tuple[ast.AST, ...]
) -> _ErrorClass | None:
    if called == "super().__init__":
        around = [each for each in scopes if isinstance(each, ast.ClassDef)]
        name = (module.name, around[-1].name if around else "")
        return None if name == BASE or name not in classes else _ErrorClass(classes[name].exit_code, 0)
    if called == "type(error)":  # the class of one that was raised before
        return classes[BASE]
    return classes.get(module.names.get(called, ("", "")))


def _note(
    module: _Module,
    node: ast.Call,
    given: list[ast.expr],
    scopes: tuple[ast.AST, ...],
    exit_code: int,
    found: Raised,
) -> set[str]:
    """The codes that one call can carry."""
    codes = set[str]()
    for each in given:
        codes = _codes(each, scopes)
        if not codes:
            found.dynamic.add((module.path, ast.unparse(each)))
    codes.discard(HANDED_ON)
    for code in codes:
        found.exits.setdefault(code, set()).add(exit_code)
    return codes


def _is_handed_on(node: ast.expr, scopes: tuple[ast.AST, ...]) -> bool:
    """`error.code`, or the parameter `code` of a function that hands it on: it counts where it was written."""
    if isinstance(node, ast.Attribute):
        return node.attr == "code"
    inner = scopes[-1]
    hands_on = isinstance(inner, ast.FunctionDef) and inner.name in HANDING_ON
    return hands_on and isinstance(node, ast.Name) and node.id == "code"


def _codes(node: ast.expr, scopes: tuple[ast.AST, ...]) -> set[str]:
    """The texts that an expression can be; of a tuple, its first member. Empty where the source does not tell."""
    if _is_handed_on(node, scopes):
        return {HANDED_ON}
    if isinstance(node, ast.Starred):
        return _codes(node.value, scopes)
    if isinstance(node, ast.Tuple) and node.elts:
        return _codes(node.elts[0], scopes)
    if isinstance(node, ast.IfExp):
        return _all_of([node.body, node.orelse], scopes)
    if isinstance(node, ast.Dict):
        return _all_of(node.values, scopes)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        return _all_of([node.func.value, *node.args[1:]], scopes)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value} - {""}
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return {"".join(str(each.value) if isinstance(each, ast.Constant) else "*" for each in node.values)}
    if isinstance(node, ast.Name):
        return _of_name(node.id, scopes)
    return set()


def _all_of(nodes: list[ast.expr], scopes: tuple[ast.AST, ...]) -> set[str]:
    codes = [_codes(node, scopes) for node in nodes]
    return set[str]().union(*codes) if all(codes) else set()


def _of_name(name: str, scopes: tuple[ast.AST, ...]) -> set[str]:
    """What the innermost scope assigns to it; of a function's parameter, what the module's own calls give for it."""
    for scope in reversed(scopes):
        if isinstance(scope, ast.FunctionDef) and (at := _position(scope, name)) is not None:
            calls = [each for each in ast.walk(scopes[0]) if isinstance(each, ast.Call)]
            given = [each.args[at] for each in calls if ast.unparse(each.func) == scope.name and len(each.args) > at]
            return _all_of(given, scopes[:1])
        values = [
            each.value
            for each in ast.walk(scope)
            if isinstance(each, ast.Assign) and any(name in _bound(target) for target in each.targets)
        ]
        if values:
            return _all_of(values, scopes)
    return set()


def _bound(target: ast.expr) -> tuple[str, ...]:
    """The name that gets a value, of several the first."""
    return (ast.unparse(target.elts[0] if isinstance(target, ast.Tuple) else target),)


def _of_printed(handler: ast.ExceptHandler, found: Raised) -> None:
    """`[bad_usage]` at the end of what is printed, and the exit code behind it where it is a number."""
    text = ast.unparse(handler)
    for code in re.findall(r" \[([a-z_]+)\]['\"]", text):
        exits = found.exits.setdefault(code, set())
        exits.update(int(each) for each in re.findall(r"sys\.exit\((\d+)\)", text))
