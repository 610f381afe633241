"""Who may know whom, as rules over the syntax tree of one file each.

A rule takes a file (its path in the checkout and its text) and yields what breaks it, as `line: what`. Imports under
`if TYPE_CHECKING` count: an arrow drawn for the type checker is still an arrow.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

INTEGRATION = "custom_components.offline_evse"
ENGINE = f"{INTEGRATION}.engine"
ROOMS = frozenset({"csms", "balancing", "authorization", "ledger", "tariffs", "uplink"})
FOUNDATIONS = {"csms": {"ocppj"}, "uplink": {"ocppj"}}
"""What rooms stand on beside the model: the two ends of a line of OCPP read and write the same frames."""
PURE_ROOMS = frozenset({"balancing", "tariffs"})
IMPURE_MODULES = frozenset({"asyncio", "time", "threading", "socket", "sqlite3", "aiohttp", "pathlib", "random"})
LONGEST_FILE = 400
NAMES_WITHOUT_A_SUBJECT = frozenset({"util", "utils", "helper", "helpers", "common", "base", "manager", "misc"})

CLOCK_READINGS = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "asyncio.timeout", "asyncio.wait_for"}
)
SURROUNDINGS = frozenset(
    {"os.environ", "os.getenv", "os.getcwd", "Path.home", "Path.cwd", "sys.argv", "socket.gethostname"}
)


@dataclass(frozen=True)
class SourceFile:
    """One Python file of the checkout, or one that a test made up."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text)

    @property
    def package(self) -> list[str]:
        """The dotted package that relative imports in this file start from."""
        return list(self.path.parts[:-1])

    @property
    def room(self) -> str | None:
        """The folder of the engine that this file is in, if it is in one."""
        parts = self.path.parts
        inside = parts[:3] == tuple(ENGINE.split(".")) and len(parts) > 4
        return parts[3] if inside else None

    def within(self, folder: str) -> bool:
        """Whether the file is somewhere under the dotted folder."""
        return self.path.parts[: folder.count(".") + 1] == tuple(folder.split("."))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every module named in an import, absolutely, with its line. An imported name may be one, so it comes too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = self.package[: len(self.package) - node.level + 1] if node.level else []
                module = ".".join([*start, *([node.module] if node.module else [])])
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)

    def attributes(self) -> Iterator[tuple[int, str]]:
        """Every attribute that is read, as its last two names: `datetime.now`, `time.monotonic`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                match node.value:
                    case ast.Name(id=owner) | ast.Attribute(attr=owner):
                        yield node.lineno, f"{owner}.{node.attr}"


def known(module: str, folder: str) -> bool:
    """Whether the module is the folder or in it."""
    return module == folder or module.startswith(f"{folder}.")


type Rule = Callable[[SourceFile], Iterator[str]]


def engine_stands_alone(file: SourceFile) -> Iterator[str]:
    """The engine knows no Home Assistant, and nothing of this checkout but itself, by relative imports."""
    if not file.within(ENGINE):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for name in names:
                if name and name.split(".")[0] in {"homeassistant", "custom_components", "simulator", "tests"}:
                    yield f"{node.lineno}: imports {name}"
    for line, module in file.imports():
        if known(module, INTEGRATION) and not known(module, ENGINE):
            yield f"{line}: reaches out of the engine to {module}"


def rooms_meet_in_the_model(file: SourceFile) -> Iterator[str]:
    """A room of the engine imports itself and what it stands on; the model only itself. The site may import all."""
    if file.room is None or file.room not in ROOMS | {"model", "ocppj"}:
        return
    allowed = {file.room, "model"} | FOUNDATIONS.get(file.room, set())
    for line, module in file.imports():
        if known(module, ENGINE) and module != ENGINE and module.split(".")[3] not in allowed:
            yield f"{line}: {file.room} imports {module}"


def pure_rooms_are_pure(file: SourceFile) -> Iterator[str]:
    """Balancing and tariffs are values in, values out: nothing to wait for, no clock, no disk, no network."""
    if file.room not in PURE_ROOMS:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)):
            yield f"{node.lineno}: waits"
    for line, module in file.imports():
        if module.split(".")[0] in IMPURE_MODULES:
            yield f"{line}: imports {module}"


def clock_is_a_parameter(file: SourceFile) -> Iterator[str]:
    """Only `model/clock.py` reads a clock or sets a timer; everyone else is handed one. Sleeping 0 s only yields."""
    if not file.within(ENGINE) or (file.room, file.path.name) == ("model", "clock.py"):
        return
    for line, module in file.imports():
        if known(module, "time") or module in CLOCK_READINGS | {"asyncio.sleep"}:
            yield f"{line}: imports {module}"
    for line, name in file.attributes():
        if name in CLOCK_READINGS:
            yield f"{line}: uses {name}"
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        match node.func:
            case ast.Attribute(attr="sleep", value=ast.Name(id="asyncio")):
                if [argument.value for argument in node.args if isinstance(argument, ast.Constant)] != [0]:
                    yield f"{node.lineno}: sleeps by the machine's clock"
            case ast.Attribute(
                attr="time" | "call_later" | "call_at",
                value=ast.Name(id="loop") | ast.Attribute(attr="loop" | "_loop") | ast.Call(),
            ):
                yield f"{node.lineno}: uses the event loop's clock"


def surroundings_are_given(file: SourceFile) -> Iterator[str]:
    """The engine asks neither the environment nor the machine for anything, and keeps no state in module globals."""
    if not file.within(ENGINE):
        return
    for line, name in file.attributes():
        if name in SURROUNDINGS:
            yield f"{line}: uses {name}"
    for line, module in file.imports():
        if module in SURROUNDINGS or known(module, "tempfile"):
            yield f"{line}: imports {module}"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Global):
            yield f"{node.lineno}: changes a module's global"


def platforms_know_site_and_model(file: SourceFile) -> Iterator[str]:
    """Of the engine, the files that Home Assistant sees import `site` and `model`; `runtime.py` wires up the rest."""
    if file.path.parent != PurePosixPath(*INTEGRATION.split(".")) or file.path.name == "runtime.py":
        return
    for line, module in file.imports():
        if known(module, ENGINE) and module.split(".")[3:4] not in (["site"], ["model"]):
            yield f"{line}: imports {module}"


def simulator_is_a_stranger(file: SourceFile) -> Iterator[str]:
    """The simulator meets the product over sockets only."""
    if not file.within("simulator"):
        return
    for line, module in file.imports():
        if known(module, "custom_components"):
            yield f"{line}: imports {module}"


def one_subject_per_file(file: SourceFile) -> Iterator[str]:
    """A file stays readable in one sitting, and its name says what it is about."""
    if not file.within("custom_components") and not file.within("simulator"):
        return
    lines = len(file.text.splitlines())
    if lines > LONGEST_FILE:
        yield f"{lines}: lines are two subjects"
    for name in (*file.path.parts[:-1], file.path.stem):
        if NAMES_WITHOUT_A_SUBJECT & set(name.split("_")):
            yield f"1: `{name}` names no subject"


RULES: tuple[Rule, ...] = (
    engine_stands_alone,
    rooms_meet_in_the_model,
    pure_rooms_are_pure,
    clock_is_a_parameter,
    surroundings_are_given,
    platforms_know_site_and_model,
    simulator_is_a_stranger,
    one_subject_per_file,
)


def checkout(root: Path) -> list[SourceFile]:
    """Every Python file of the product and its simulator."""
    return [
        SourceFile(PurePosixPath(path.relative_to(root).as_posix()), path.read_text(encoding="utf-8"))
        for top in ("custom_components", "simulator")
        for path in sorted((root / top).rglob("*.py"))
    ]
