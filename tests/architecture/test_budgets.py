"""The budgets of the house: short files, short functions, shallow nesting, names that say what a module is for."""

import ast
from functools import cache
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 40
NESTING = 3
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


@cache
def _functions(source: str) -> tuple[Function, ...]:
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _depth(node: ast.AST) -> int:
    """The control blocks inside one another under `node`; `elif` counts as its `if`, an inner function on its own."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        elif_branch = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        own = 1 if isinstance(child, _BLOCKS) and not elif_branch else 0
        deepest = max(deepest, own + _depth(child))
    return deepest


def test_files_are_short(code: dict[Path, str]) -> None:
    """No Python file is longer than 400 lines."""
    lengths = {str(path): len(text.splitlines()) for path, text in code.items()}
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}


def test_functions_are_short(code: dict[Path, str]) -> None:
    """No function is longer than 40 lines, its docstring included."""
    lengths = {f"{path}:{f.name}": _length(f) for path, text in code.items() for f in _functions(text)}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_nesting_is_shallow(code: dict[Path, str]) -> None:
    """No function nests more than three control blocks."""
    depths = {f"{path}:{f.name}": _depth(f) for path, text in code.items() for f in _functions(text)}
    assert {name: depth for name, depth in depths.items() if depth > NESTING} == {}


def test_nesting_is_counted_as_a_reader_sees_it() -> None:
    """Blocks inside blocks count, `elif` and comprehensions do not."""
    ladder = "def f(x):\n if x:\n  pass\n elif x > 1:\n  pass\n elif x > 2:\n  pass"
    nested = "def f(x):\n for y in x:\n  with y:\n   if y:\n    try:\n     pass\n    finally:\n     pass"
    assert [_depth(f) for text in (ladder, nested) for f in _functions(text)] == [1, 4]


def test_modules_say_what_they_are_for(code: dict[Path, str]) -> None:
    """No module or folder has one of the names under which anything can be put."""
    assert [str(path) for path in code if EMPTY_NAMES & {path.stem, *path.parts[:-1]}] == []


def test_modules_state_their_rules(code: dict[Path, str]) -> None:
    """Each module has a docstring; a `__main__` says with its two lines what it is."""
    modules = {path: text for path, text in code.items() if path.name != "__main__.py"}
    bare = [str(path) for path, text in modules.items() if text and ast.get_docstring(ast.parse(text)) is None]
    assert bare == []


def test_each_test_says_in_a_sentence_what_it_holds(code: dict[Path, str]) -> None:
    """Each test function has a docstring: the sentence that must stay true."""
    mute = [
        f"{path}:{f.name}"
        for path, text in code.items()
        if path.parts[0] == "tests" and path.name.startswith("test_")
        for f in _functions(text)
        if f.name.startswith("test_") and ast.get_docstring(f) is None
    ]
    assert mute == []


def test_tests_have_no_package_files(code: dict[Path, str]) -> None:
    """There is no `__init__.py` among the tests: they are found by their own unique names."""
    assert [str(path) for path in code if path.parts[0] == "tests" and path.name == "__init__.py"] == []
