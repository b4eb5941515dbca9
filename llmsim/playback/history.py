"""By history: each request gets the turn after those that its own history shows.

A step with nothing to spend needs no state: workers, hosts and servers without a common store
agree, and a retry finds its turn again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from xxhash import xxh3_128

from llmsim.conversation import Conversation, Message, Request
from llmsim.delivery import delivery_of
from llmsim.made_ids import MadeId, generation_mark, serial_of
from llmsim.playback.earlier import Earlier
from llmsim.playback.expecting import checked
from llmsim.playback.funnel import served_key
from llmsim.playback.line import ALONE, Line
from llmsim.playback.order import Decision, Order
from llmsim.playback.standing import Reader, Standing
from llmsim.playback.steps import Step, Steps
from llmsim.playback.taken import Taken
from llmsim.script import Script, Turn
from llmsim.store.base import Claim, Take


class ByHistory(Order):
    """The step of the conversation chooses the turn, and the try where the step has errors."""

    def __init__(self, script: Script, line: Line = ALONE, others: Iterable[Script] = ()) -> None:
        """`others` are the other lines that a history may show answers of."""
        # All turns are looked at here, several times: those of a large script are read once for it.
        whole = replace(script, turns=tuple(script.turns))
        super().__init__(whole, line)
        self.steps = Steps(whole)
        # The place of a script of a folder chooses no turn, but counts the requests that it served.
        self._place = line.place if line.script else None
        self._name = line.label if line.number or line.script else ""
        self._reader = Reader(whole, self.steps, line.number, others)
        self._takes: dict[int | None, Take] = {}

    def standing(self, conversation: Conversation) -> Standing:
        """Where the conversation stands."""
        return self._reader.standing(conversation)

    def decide(self, request: Request) -> Decision:
        """The step of the conversation, and what counts its tries."""
        standing = self.standing(request.conversation)
        step = self.steps.at(standing.step)
        spends = self._spends(request, standing, step) if step.spend else None
        return _AtStep(self, standing, step, spends or self._takes_turn(step.turn))

    def _takes_turn(self, turn: int | None) -> Take:
        """What a request takes of a step that has nothing to spend: it is only counted."""
        take = self._takes.get(turn)
        if take is None:
            take = self._takes[turn] = Take(self._place, served=(served_key(self.line, turn),))
        return take

    def _spends(self, request: Request, standing: Standing, step: Step) -> Take:
        """What a request takes of a step that has something to spend; see `_AtStep._tried`."""
        key = tries_key(standing, request.conversation.messages, self._name)
        turns: tuple[int | None, ...] = (*step.spend, step.turn)
        if request.retry and not standing.is_one_conversation:
            turns = (step.pick(request.retry),)
        served = tuple(served_key(self.line, turn) for turn in turns)
        return Take(self._place, key, served, in_turn=not standing.is_one_conversation)

    def before(self, taken: Taken) -> Iterator[Turn]:
        """See `Order.before`: the turn of the step before, and what could be spent there."""
        if taken.standing is None or not taken.standing.step:
            return
        step = self.steps.at(taken.standing.step - 1)
        turns = self.script.turns
        yield from (turns[index] for index in (step.turn, *step.spend) if index is not None)

    def answered(self, made: MadeId) -> int | None:
        """See `Order.answered`. What comes before the turn of a step leaves no answer."""
        if not made.is_by_history or made.track != self.line.number:
            return None
        return self.steps.at(made.step).turn


class _AtStep(Decision):
    """A turn of the step."""

    def __init__(self, order: ByHistory, standing: Standing, step: Step, take: Take) -> None:
        self._order = order
        self._standing = standing
        self._step = step
        self.take = take

    def taken(self, claim: Claim, request: Request) -> Taken:
        """See `Decision.taken`."""
        script, line, standing = self._order.script, self._order.line, self._standing
        track, step = str(line.number), str(standing.step)
        marks = (generation_mark(claim.generation), str(claim.position), track, step)
        tried = self._tried(claim, request.retry) if self._step.spend else None
        index = self._step.pick(tried or 0)
        if index is None:
            what = f"track {line.track!r}" if line.track else "script"
            message = (
                f"The {what} is exhausted: this conversation has come to step {standing.step}, "
                f"behind the {what}'s last one, and its on_exhausted is 'error'."
            )
            failure = replace(script.exhausted_failure(), message=message)
            return Taken(claim, None, None, failure, marks, standing, tried, line=line)
        turn = script.turns[index]
        outcome = turn.answer(serial_of(marks), request)
        delivery = delivery_of(script, turn, outcome, request, claim.position)
        taken = Taken(claim, index, turn, outcome, marks, standing, tried, delivery, line=line)
        if turn.expect is None:
            return taken
        request = Earlier(self._order, claim.generation).completed(request)
        return checked(taken, turn.expect, request, script.on_mismatch)

    def _tried(self, claim: Claim, retry: int) -> int:
        """Which try of its conversation this is, from 0.

        Without a made id equal histories share their tries: of each e + 1 such requests, e get the
        errors and one the turn. What a client says of its retries is better than that.
        """
        if self._standing.is_one_conversation:
            return claim.tries
        if retry:
            return retry
        return claim.tries % (len(self._step.spend) + 1)


def tries_key(standing: Standing, messages: Sequence[Message], track: str = "") -> bytes:
    """The key of a conversation's tries of a step of a track: what the history says, in 16 bytes.

    From what was read, since clients send equal values in other bytes. What stands before the last
    made id need not be looked at: no other conversation has that id.
    """
    digest = xxh3_128(f"{standing.step} {standing.newest} {track}".encode("ascii"))
    for message in messages[standing.begins :]:
        ids = (message.call_id, *(call.id for call in message.calls))
        said = "\0".join((message.role, *ids, message.text, ""))
        digest.update(said.encode("utf-8", "surrogatepass"))
    return digest.digest()
