"""A folder of scripts: which of them a request plays. Each request decides anew."""

from __future__ import annotations

from collections.abc import Callable

from xxhash import xxh3_64_intdigest

from llmsim.conversation import Request
from llmsim.errors import RequestError
from llmsim.playback.line import Line, Scope
from llmsim.playback.order import Chooser, Order, ScriptChooser
from llmsim.playback.tracks import chooser_of
from llmsim.script.conditions import explain
from llmsim.script.folder import DEFAULT, Folder, Named

_WHOLE = 2**64
_SEPARATORS = "-."


class ByFolder(Chooser):
    """The scripts of a folder, each with its chooser; `before` are those that may be the same."""

    def __init__(self, folder: Folder, before: ByFolder | None = None) -> None:
        self.folder = folder
        self.choosers: dict[tuple[str, str], ScriptChooser] = {}
        known = before.choosers if before else {}
        for each in folder:
            where = (each.name, each.key)
            same = None if each.is_base else known.get(where)  # its key says nothing
            self.choosers[where] = same or chooser_of(each.script, scope_of(each))
        self._with_when = [
            (each, each.script.when) for each in folder if each.script.when is not None
        ]
        self._with_weight = [each for each in folder if each.script.weight]
        self._total = sum(each.script.weight or 0 for each in self._with_weight)

    def order_for(self, request: Request, published: int = 0) -> Order:  # noqa: ARG002
        """See `Chooser.order_for`."""
        return self._order_in(self._chosen(request), request)

    def given(self, name: str, request: Request) -> Order:
        """What decides for a request whose session was given the script of that name.

        Raises:
            RequestError: there is no such script, or it has no turns for it.
        """
        named = self.folder.scripts.get(name)
        if named is None:
            message = (
                f"This session was given the script {name!r}, and there is none of that name. "
                f"There are: {self._names()}. Put it at /llmsim/scripts/{name}, or give the "
                'session another one: PUT {"use": ...} to its script.'
            )
            raise RequestError(message, code="no_script")
        return self._order_in(named, request)

    def order_of(self, line: Line) -> Order | None:
        """What decides for the requests of that line; None where it is no longer there."""
        named = self.folder.scripts.get(line.script or DEFAULT)
        return self.choosers[named.name, named.key].order_of(line) if named else None

    def _order_in(self, named: Named, request: Request) -> Order:
        return self.choosers[named.name, named.key].order_for(request)

    def _chosen(self, request: Request) -> Named:
        for each, when in self._with_when:
            if when.fits(request):
                return each
        scripts = self.folder.scripts
        session = request.session
        found = scripts.get(session) or scripts.get(_beginning(session))
        if found is None and self._with_weight:
            found = self._by_weight(session)
        found = found or scripts.get(DEFAULT)
        if found is None:
            raise RequestError(self._none_fits(request), code="no_script")
        return found

    def _by_weight(self, session: str) -> Named:
        """The same in each run, on each worker and host."""
        rest = xxh3_64_intdigest(session.encode()) * self._total // _WHOLE
        for each in self._with_weight:
            rest -= each.script.weight or 0
            if rest < 0:
                break
        return each

    def _none_fits(self, request: Request) -> str:
        reasons = [
            f"{each.name!r} ({'; '.join(map(str, explain(when, request)))})"
            for each, when in self._with_when
        ]
        why = f" Those with a 'when', and why not: {', '.join(reasons)}." if reasons else ""
        return (
            f"No script is for this request of the session {request.session!r}. "
            f"There are: {self._names()}.{why}"
        )

    def _names(self) -> str:
        return ", ".join(map(repr, self.folder.scripts)) or "none"


class ByName(Chooser):
    """The script of a session that was given one of the folder's by its name."""

    def __init__(self, name: str, by_folder: Callable[[int], ByFolder]) -> None:
        self.name = name
        self._by_folder = by_folder

    def order_for(self, request: Request, published: int = 0) -> Order:
        """See `Chooser.order_for`."""
        return self._by_folder(published).given(self.name, request)


def scope_of(named: Named) -> Scope | None:
    """What keeps the places of a script of a folder apart; None where it stands for itself."""
    return None if named.is_base else Scope(named.name, named.key)


def _beginning(session: str) -> str:
    """The part of a name before the last `-` or `.`, empty where there is none."""
    return session[: max(0, *map(session.rfind, _SEPARATORS))]
