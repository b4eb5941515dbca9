"""A folder of scripts: each has a name, and each request finds its own.

As text it is one object, a script a line. The script of a server that was started with a single
file may be in it, too: the base, which plays as it did alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from llmsim.errors import Problem, ScriptError, ScriptReadError
from llmsim.json_text import compact, parse
from llmsim.script.model import Script
from llmsim.script.rules import a_label

BEGINS: Final = b'{"folder":[\n'  # its text
DEFAULT: Final = "default"
_BASE_KEY: Final = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A script of a folder.

    `key` is another one each time that the script is replaced: places are kept by it. The base has
    none. `from_file` says that it was read from a file, and not put by the control API.
    """

    name: str
    script: Script
    key: str
    from_file: bool

    @property
    def is_base(self) -> bool:
        """Whether it is the script of a server that was started with a single file."""
        return self.key == _BASE_KEY


class FolderError(ScriptError):
    """Scripts of a folder are wrong; `errors` holds the error of each."""

    def __init__(self, source: str, errors: list[ScriptError]) -> None:
        self.errors = errors
        problems = [problem for error in errors for problem in error.problems]
        super().__init__(source, problems, sum(error.found for error in errors))

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


class Folder:
    """Scripts by name, in the order of their names."""

    def __init__(self, scripts: Mapping[str, Named]) -> None:
        self.scripts = dict(sorted(scripts.items()))

    def __iter__(self) -> Iterator[Named]:
        return iter(self.scripts.values())

    @property
    def is_base_only(self) -> bool:
        """Whether there is nothing but the script of a single file."""
        return all(each.is_base for each in self)

    @classmethod
    def of_base(cls, script: Script) -> Folder:
        """The script of a single file."""
        return cls({DEFAULT: Named(DEFAULT, script, _BASE_KEY, from_file=True)})

    def with_files(self, files: Mapping[str, Script]) -> Folder:
        """These scripts in the place of those that came from files.

        What is unchanged keeps its key, and what the control API has put stays.
        """
        kept = {each.name: each for each in self if not each.from_file}
        made = {name: self._made(name, script, from_file=True) for name, script in files.items()}
        return Folder(made | kept)

    def with_base(self, script: Script) -> Folder:
        """This script in the place of that of the single file; the others stay."""
        kept = {each.name: each for each in self if not each.from_file}
        return Folder(Folder.of_base(script).scripts | kept)

    def with_script(self, name: str, script: Script) -> Folder:
        """With a script that the control API puts. It begins anew, also where it says the same."""
        before = self.scripts.get(name)
        made = Named(name, script, _key(script, before), from_file=False)
        return Folder(self.scripts | {name: made})

    def without(self, name: str) -> Folder:
        """Without the script of that name."""
        return Folder({each.name: each for each in self if each.name != name})

    def canonical(self) -> bytes:
        """The text of all of it."""
        lines = ",\n".join(
            compact(
                {
                    "name": each.name,
                    "key": each.key,
                    "from_file": each.from_file,
                    "script": each.script.to_spec(),
                }
            )
            for each in self
        )
        return BEGINS + lines.encode("ascii") + b"\n]}"

    def canonical_or_base(self) -> bytes:
        """The text of all of it, or of the base where there is nothing else."""
        if self.scripts and self.is_base_only:
            return next(iter(self)).script.canonical()
        return self.canonical()

    @classmethod
    def from_canonical(cls, content: bytes, known: Mapping[tuple[str, str], Script]) -> Folder:
        """What `canonical` wrote; `known` are scripts by name and key that need not be read."""
        found: dict[str, Named] = {}
        for each in parse(content)["folder"]:
            name, key = each["name"], each["key"]
            script = known.get((name, key)) if key else None
            read = script or Script.from_spec(each["script"])
            found[name] = Named(name, read, key, each["from_file"])
        return cls(found)

    def _made(self, name: str, script: Script, *, from_file: bool) -> Named:
        before = self.scripts.get(name)
        if before and before.from_file and not before.is_base and before.script == script:
            return before
        return Named(name, script, _key(script, before), from_file)


def _key(script: Script, before: Named | None) -> str:
    """A key that no earlier script of the name had; the same on every host."""
    text = (before.key if before else "").encode() + script.canonical()
    return blake2b(text, digest_size=8).hexdigest()


def read_folder(path: str, read: Callable[[str], Script]) -> dict[str, Script]:
    """The scripts of a folder: each `*.json` in it, by the name of the file; `read` reads one.

    What is hidden is none: editors put their locks there.

    Raises:
        FolderError: scripts are wrong, with all problems of all of them, or there is none, or the
            folder cannot be read.
    """
    found: dict[str, Script] = {}
    errors: list[ScriptError] = []
    try:
        files = sorted(
            file
            for file in Path(path).iterdir()
            if file.name.endswith(".json") and not file.name.startswith(".")
        )
    except OSError as error:
        raise FolderError(path, [ScriptReadError(path, str(error.strerror))]) from error
    for file in files:
        source = os.fspath(file)
        try:
            if problem := a_label(file.stem):
                raise ScriptReadError(source, f"its name is no name of a script: {problem}")
            found[file.stem] = read(source)
        except ScriptError as error:
            errors.append(error)
    if not found and not errors:
        errors.append(ScriptReadError(path, "the folder holds no script (*.json)"))
    if errors:
        raise FolderError(path, errors)
    return found


def folder_warnings(scripts: Mapping[str, Script]) -> list[Problem]:
    """What a folder does and its author probably does not mean."""
    weighted = [name for name, script in scripts.items() if script.weight]
    if not weighted:
        return []
    message = (
        f"{', '.join(weighted)}: a script is chosen by weight from the session's name, so all "
        "users behind one session get the same one; give them sessions of their own"
    )
    return [Problem(message)]
