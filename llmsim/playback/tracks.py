"""A script with tracks: which of its lines of turns a request goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llmsim.conversation import Conversation, Request
from llmsim.errors import RequestError
from llmsim.playback.arrival import ByArrival
from llmsim.playback.earlier import previous_response
from llmsim.playback.history import ByHistory
from llmsim.playback.line import Line, Scope, main_line, track_line
from llmsim.playback.order import Order, ScriptChooser
from llmsim.script import Script, Track
from llmsim.script.conditions import FIRST, explain


def chooser_of(script: Script, scope: Scope | None = None) -> ScriptChooser:
    """What finds the turns of a request in the script, which may be one of a folder."""
    if script.tracks:
        return ByTrack(script, scope)
    return _line_order(script, main_line(scope, has_tracks=False), ())


def lines_of(script: Script, scope: Scope | None = None) -> list[tuple[Line, Script]]:
    """The lines of turns of a script, each as a script: its own turns first, if it has some."""
    own = main_line(scope, has_tracks=bool(script.tracks))
    lines = [(own, replace(script, tracks=()))] if script.turns else []
    for number, track in enumerate(script.tracks, 1):
        lines.append((track_line(number, track.name, scope), script.of_track(track)))
    return lines


class ByTrack(ScriptChooser):
    """A request goes to the first track whose `when` it meets, else to the script's own turns."""

    def __init__(self, script: Script, scope: Scope | None = None) -> None:
        super().__init__(script)
        lines = lines_of(script, scope)
        orders = [
            _line_order(turns, line, [other for at, other in lines if at != line])
            for line, turns in lines
        ]
        self._orders = {order.line: order for order in orders}
        self._main = orders.pop(0) if script.turns else None
        self._tracks = list(zip(script.tracks, orders, strict=True))

    def order_of(self, line: Line) -> Order | None:
        """See `ScriptChooser.order_of`."""
        return self._orders.get(line)

    def order_for(self, request: Request, published: int = 0) -> Order:  # noqa: ARG002
        """See `Order.order_for`."""
        own = self._answered(request.conversation)
        if own is not None and request.conversation.is_thread:
            return own
        for track, order in self._tracks:
            if own is not None and track.when.asks_for_first:
                # The first message is not sent again: it was that of the track that answered it.
                if order is own and track.when.fits(request, but=FIRST):
                    return order
            elif track.when.fits(request):
                return order
        if self._main is None:
            raise RequestError(_no_track(self.script.tracks, request), code="no_track")
        return self._main

    def _answered(self, conversation: Conversation) -> Order | None:
        """The order of the track that gave the response which the request goes on from.

        None where it goes on from none, and where the id says none: under the order `arrival`.
        """
        made = previous_response(conversation)
        if made is None or not made.is_by_history:
            return None
        of_track = (each for each in self._orders.values() if each.line.number == made.track)
        return next(of_track, None)


def _line_order(script: Script, line: Line, others: Sequence[Script]) -> Order:
    return ByHistory(script, line, others) if script.by_history else ByArrival(script, line)


def _no_track(tracks: Sequence[Track], request: Request) -> str:
    """Which tracks there are, and what keeps the request from each."""
    reasons = [
        f"{track.name!r} ({'; '.join(map(str, explain(track.when, request)))})" for track in tracks
    ]
    return (
        "No track of the script takes this request, and the script has no turns of its own. "
        f"The tracks, and why not: {', '.join(reasons)}."
    )
