"""Where a conversation stands: how many of the script's answers its history shows.

Pure, and the same for every API. Ids that llmsim made say it best: clients send call ids back
unaltered, whatever else they do to a history. Where there is none, answers are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from llmsim.conversation import ASSISTANT_ROLES, Conversation, Message, Request
from llmsim.made_ids import KINDS, MADE, MadeId, found_in, taken_apart
from llmsim.playback.answers import Answer, answers_in, end_of_answer, text_of
from llmsim.playback.steps import Steps
from llmsim.reply import Reply
from llmsim.script import Call, Script
from llmsim.script.order import OWN


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
        texts = list(_texts_of_turns(script))
        self._steps_of_texts = _steps_of_texts(script, steps, texts)
        self._texts = frozenset(text for _, text in texts)
        self._ids = _scripted_ids(script, steps)
        others = tuple(others)
        self._has_others = bool(others)
        self._own_ids = {call.id for call in _calls(script)}
        self._other_ids = {call.id for other in others for call in _calls(other)} - self._own_ids
        said = {text for other in others for _, text in _texts_of_turns(other)}
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
            answers = self._counted(messages, 0)
            own, given = self._own(answers), len(answers)
            step = max(own if self._own_only else given, self._said(answers))
            foreign = 0 if self._own_only else given - own
            return Standing(step, begins, None, conversation, foreign, newest)
        at, mark = found
        counted = self._counted(messages, end_of_answer(messages, at))
        answers = [answer for answer in counted if not self._is_of_framework(answer)]
        after = self._own(answers) if self._own_only else len(answers)
        step = max(mark.step + 1 + after, self._said(answers))
        return Standing(step, begins, mark, conversation, 0, newest)

    def _said(self, answers: list[Answer]) -> int:
        """How many answers there were at least, as the last text of a turn without calls says.

        A client may keep what was said, and leave out the calls before it.
        """
        if not self._steps_of_texts:
            return 0
        for behind, answer in enumerate(reversed(answers)):
            step = self._steps_of_texts.get(text_of(answer))
            if step is not None and not any(message.calls for message in answer):
                return step + 1 + (0 if self._own_only else behind)
        return 0

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

    def _counted(self, messages: Sequence[Message], start: int) -> list[Answer]:
        """The answers from `start` on that count: not a prefill at the end."""
        answers = answers_in(messages, start)
        is_at_end = bool(answers) and messages[-1].role in ASSISTANT_ROLES
        if is_at_end and self._is_prefill(answers[-1]):
            answers.pop()
        if self._has_others:
            return [answer for answer in answers if not self._is_of_others(answer)]
        return answers

    def _is_of_others(self, answer: Answer) -> bool:
        """Whether another line of the script answered so."""
        names = [name for message in answer for name in _ids(message)]
        by_llmsim = [made for name in names if (made := taken_apart(name))]
        if by_llmsim:  # without a track: of one that plays by arrival
            return self._track not in {made.track for made in by_llmsim}
        if names and self._other_ids.issuperset(names):
            return True
        return text_of(answer) in self._other_texts

    def _is_of_framework(self, answer: Answer) -> bool:
        """Whether a framework made the calls itself, as a supervisor's to hand back.

        Only behind an id that came back: a client that alters ids alters all.
        """
        names = [call.id for message in answer for call in message.calls if call.id]
        return bool(names) and not any(MADE in name or name in self._own_ids for name in names)

    def _is_prefill(self, answer: Answer) -> bool:
        """Whether the model is asked to go on with this text; a call or a turn's text is whole."""
        called = any(message.calls for message in answer)
        return not called and text_of(answer) not in self._texts

    def _own(self, answers: list[Answer]) -> int:
        """How many of the answers are the script's."""
        return sum(map(self._is_own, answers))

    def _is_own(self, answer: Answer) -> bool:
        if len(answer) == 1 and not answer[0].calls:  # as most are
            return self._any_text or answer[0].text.strip() in self._texts
        if not (self._any_text or text_of(answer) in self._texts):
            return False
        for message in answer:
            for call in message.calls:
                if call.id and call.id not in self._own_ids:
                    return False
        return True


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


def _texts_of_turns(script: Script) -> Iterator[tuple[int, str]]:
    """The index of each turn that says the same to all, and what it says.

    Without white space at the ends.
    """
    for index, turn in enumerate(script.turns):
        if turn.leaves_trace and not turn.makes_text:
            reply = turn.play("", Request())
            if isinstance(reply, Reply):
                yield index, (reply.text or reply.refusal or "").strip()


def _steps_of_texts(
    script: Script, steps: Steps, texts: Iterable[tuple[int, str]]
) -> dict[str, int]:
    """The first step at which each text is said that stands without calls, but behind some.

    No call before the others can have been left out, and an answer with calls has ids to say it.
    """
    turns = script.turns
    first: dict[str, int] = {}
    for index, text in texts:
        if text and not getattr(turns[index], "calls", ()):
            first.setdefault(text, index)
    called = next((at for at, turn in enumerate(turns) if getattr(turn, "calls", ())), len(turns))
    return {text: steps.of_turn(index) for text, index in first.items() if index > called}


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
