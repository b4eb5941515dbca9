"""Where a conversation stands: how many of the script's answers its history shows.

Pure, and the same for every API. Ids that llmsim made say it best: clients send call ids back
unaltered, whatever else they do to a history. Where there is none, answers are counted: a run of
adjacent assistant messages or items is one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from llmsim.conversation import ASSISTANT_ROLES, PREVIOUS_RESPONSE, Conversation, Message, Request
from llmsim.made_ids import KINDS, MADE, MadeId, found_in, taken_apart
from llmsim.playback.steps import Steps
from llmsim.reply import Reply
from llmsim.script import Call, Script
from llmsim.script.order import OWN

_ANSWERS = frozenset(ASSISTANT_ROLES)


Group = tuple[int, int]
"""A run of adjacent assistant messages or items: where it begins, and where it has ended.

In a chat of several agents each has a name, and where the name changes another answer begins, as it
does behind the previous response of a request.
"""


class Mark(NamedTuple):
    """An answer whose step an id says; `made` is None where the script gave that id."""

    step: int
    made: MadeId | None = None


class Standing(NamedTuple):
    """Where a conversation stands.

    `step` is the number of answers that it has had of its track. `begins` is the index of the first
    message that tells this conversation from others: that of the last made id, else 0. `newest` is
    that id, of whichever track, empty for none; `mark` is the last answer of the own track whose
    step an id says. `conversation` is the first made id, None where there is none. `foreign_steps`
    is how many of the answers counted are none of the script's.
    """

    step: int
    begins: int = 0
    mark: Mark | None = None
    conversation: str | None = None
    foreign_steps: int = 0
    newest: str = ""

    @property
    def is_one_conversation(self) -> bool:
        """Whether no other conversation has this history."""
        return bool(self.newest)


class Reader:
    """Reads histories for one line of turns, with the number `track` in made ids.

    Answers of the other lines of its script do not count.
    """

    def __init__(
        self, script: Script, steps: Steps, track: int = 0, others: Iterable[Script] = ()
    ) -> None:
        self._track = track
        self._own_only = script.steps == OWN
        self._any_text = any(turn.makes_text for turn in script.turns)
        self._texts = frozenset(_texts(script))
        self._ids = _scripted_ids(script, steps)
        others = tuple(others)
        self._has_others = bool(others)
        self._own_ids = {call.id for call in _calls(script)}
        self._other_ids = {call.id for other in others for call in _calls(other)} - self._own_ids
        said = {text for other in others for text in _texts(other)}
        self._other_texts = frozenset() if self._any_text else said - self._texts

    def standing(self, conversation: Conversation) -> Standing:
        """Where the conversation stands."""
        stood = conversation.stood
        if stood is None or stood[0] is not self:
            stood = conversation.stood = self, self._standing(conversation.messages)
        found: Standing = stood[1]
        return found

    def _standing(self, messages: Sequence[Message]) -> Standing:
        newest, begins, found = self._marks(messages)
        conversation = _conversation(messages) if newest or found else None
        if found is None:
            groups = self._counted(messages, 0)
            foreign = len(groups) - self._own(messages, groups)
            if self._own_only:
                return Standing(len(groups) - foreign, begins, None, conversation, 0, newest)
            return Standing(len(groups), begins, None, conversation, foreign, newest)
        at, mark = found
        counted = self._counted(messages, _end_of_group(messages, at))
        groups = [group for group in counted if not self._is_of_framework(messages, group)]
        after = self._own(messages, groups) if self._own_only else len(groups)
        return Standing(mark.step + 1 + after, begins, mark, conversation, 0, newest)

    def _marks(self, messages: Sequence[Message]) -> tuple[str, int, tuple[int, Mark] | None]:
        """The last made id of any track and where it is, and the last mark of the own track."""
        newest, begins = "", 0
        for at in range(len(messages) - 1, -1, -1):
            role, text, calls, _, call_id, item_id, _ = messages[at]
            if not (calls or call_id or item_id or (role == "assistant" and MADE in text)):
                continue  # most messages have no id
            for name in reversed(_ids(messages[at])):
                if MADE not in name and name not in self._ids:
                    continue  # it says nothing
                made = _by_history(name)
                if made is not None and not newest:
                    newest, begins = made.text, at
                mark = self._mark(name, made)
                if mark is not None:
                    return newest, begins, (at, mark)
        return newest, begins, None

    def _mark(self, name: str, made: MadeId | None) -> Mark | None:
        """What an id says, if it is one of the own track."""
        if made is not None:
            return Mark(made.step, made) if made.track == self._track else None
        step = self._ids.get(name)
        return None if step is None else Mark(step)

    def _counted(self, messages: Sequence[Message], start: int) -> list[Group]:
        """The groups from `start` on that count as answers: not a prefill at the end."""
        groups = _groups(messages, start)
        if groups and groups[-1][1] == len(messages) and self._is_prefill(messages, groups[-1]):
            groups.pop()
        if self._has_others:
            return [group for group in groups if not self._is_of_others(messages, group)]
        return groups

    def _is_of_others(self, messages: Sequence[Message], group: Group) -> bool:
        """Whether another line of the script answered so."""
        names = [name for message in messages[slice(*group)] for name in _ids(message)]
        by_llmsim = [name for name in names if MADE in name]
        if by_llmsim:  # without a track: of one that plays by arrival
            return self._track not in {
                made.track for name in by_llmsim if (made := _by_history(name))
            }
        if names and self._other_ids.issuperset(names):
            return True
        return _text(messages, group) in self._other_texts

    def _is_of_framework(self, messages: Sequence[Message], group: Group) -> bool:
        """Whether a framework made the calls itself, as a supervisor's to hand back.

        Only behind an id that came back: a client that alters ids alters all.
        """
        names = [
            call.id for message in messages[slice(*group)] for call in message.calls if call.id
        ]
        return bool(names) and not any(MADE in name or name in self._own_ids for name in names)

    def _is_prefill(self, messages: Sequence[Message], group: Group) -> bool:
        """Whether the model is asked to go on with this text; a call or a turn's text is whole."""
        called = any(message.calls for message in messages[slice(*group)])
        return not called and _text(messages, group) not in self._texts

    def _own(self, messages: Sequence[Message], groups: list[Group]) -> int:
        """How many of the groups are the script's answers."""
        return sum([self._is_own(messages, group) for group in groups])

    def _is_own(self, messages: Sequence[Message], group: Group) -> bool:
        start, end = group
        if end - start == 1 and not messages[start].calls:  # as most are
            return self._any_text or messages[start].text.strip() in self._texts
        for message in messages[start:end]:
            for call in message.calls:
                if call.id and call.id not in self._own_ids:
                    return False
        return self._any_text or _text(messages, group) in self._texts


def answers_in(messages: Sequence[Message]) -> int:
    """How many answers a history shows, whoever gave them: runs of adjacent assistant messages."""
    return len(_groups(messages, 0))


def _groups(messages: Sequence[Message], start: int) -> list[Group]:
    """Runs of adjacent assistant messages or items."""
    groups: list[Group] = []
    begins = -1
    for at, message in enumerate(messages[start:], start):
        if message.role in _ANSWERS:
            if begins < 0:
                begins = at
            elif _is_of_another(message, messages[at - 1]):
                groups.append((begins, at))
                begins = at
        elif begins >= 0:
            groups.append((begins, at))
            begins = -1
    if begins >= 0:
        groups.append((begins, len(messages)))
    return groups


def _end_of_group(messages: Sequence[Message], at: int) -> int:
    """Where the group ends that `at` is in; `at` where it is in none."""
    end = at
    while end < len(messages) and messages[end].role in ASSISTANT_ROLES:
        if end > at and _is_of_another(messages[end], messages[end - 1]):
            break
        end += 1
    return end


def _is_of_another(message: Message, before: Message) -> bool:
    """Whether two adjacent messages of assistants belong to two answers."""
    if before.role == PREVIOUS_RESPONSE:
        return True
    return message.speaker != before.speaker and bool(message.speaker and before.speaker)


def _ids(message: Message) -> Sequence[str]:
    """The ids of an element of the history, in the order of the answer that they came with.

    Some frameworks send calls back as text, with their ids in it.
    """
    role, text, calls, _, call_id, item_id, _ = message
    if calls or item_id:
        return [name for name in (item_id, *(call.id for call in calls), call_id) if name]
    if call_id:
        return (call_id,)
    if role == "assistant" and MADE in text:
        return [made.text for made in found_in(text)]
    return ()


def _by_history(name: str) -> MadeId | None:
    """What the id says, if llmsim made it under this order."""
    made = taken_apart(name)
    return made if made is not None and made.is_by_history else None


def _conversation(messages: Sequence[Message]) -> str | None:
    """The first made id. Of the ids of that answer it is the one that most clients send back."""
    shown = (made for message in messages for name in _ids(message) if (made := _by_history(name)))
    first = next(shown, None)
    if first is None:
        return None
    same = [first, *takewhile(first.is_beside, shown)]
    return min(same, key=lambda made: KINDS.index(made.kind)).text


def _text(messages: Sequence[Message], group: Group) -> str:
    start, end = group
    if end - start == 1:
        return messages[start].text.strip()
    return "\n".join(message.text for message in messages[start:end] if message.text).strip()


def _texts(script: Script) -> Iterator[str]:
    """What the script's turns say, without white space at the ends."""
    for turn in script.turns:
        if turn.leaves_trace and not turn.makes_text:
            reply = turn.play("", Request())
            if isinstance(reply, Reply):
                yield (reply.text or reply.refusal or "").strip()


def _calls(script: Script) -> Iterator[Call]:
    for turn in script.turns:
        yield from getattr(turn, "calls", ())


def _scripted_ids(script: Script, steps: Steps) -> dict[str, int]:
    """The call ids that the script gives to one turn alone, and the step of each.

    An id that goes out again beyond the end says nothing.
    """
    by_id: dict[str, set[int]] = {}
    for index, turn in enumerate(script.turns):
        for call in getattr(turn, "calls", ()):
            if call.id is not None:
                by_id.setdefault(call.id, set()).add(index)
    repeated = {script.index(len(script) + more) for more in range(len(script))}
    return {
        name: steps.of_turn(next(iter(turns)))
        for name, turns in by_id.items()
        if len(turns) == 1 and not turns & repeated
    }
