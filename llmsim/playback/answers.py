"""The answers in a history, whoever gave them: runs of adjacent assistant messages or items.

In a chat of several agents each has a name, and where the name changes another answer begins, as it
does behind the previous response of a request.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmsim.conversation import ASSISTANT_ROLES, PREVIOUS_RESPONSE, Message

Answer = Sequence[Message]


def answers_in(messages: Sequence[Message], start: int = 0) -> list[Answer]:
    """The answers from the message with the index `start` on."""
    found: list[Answer] = []
    begins = -1
    for at, message in enumerate(messages[start:], start):
        if message.role in ASSISTANT_ROLES:
            if begins < 0:
                begins = at
            elif _is_of_another(message, messages[at - 1]):
                found.append(messages[begins:at])
                begins = at
        elif begins >= 0:
            found.append(messages[begins:at])
            begins = -1
    if begins >= 0:
        found.append(messages[begins:])
    return found


def end_of_answer(messages: Sequence[Message], at: int) -> int:
    """Where the answer ends to which the message `at` belongs; `at` where it belongs to none."""
    end = at
    while end < len(messages) and messages[end].role in ASSISTANT_ROLES:
        if end > at and _is_of_another(messages[end], messages[end - 1]):
            break
        end += 1
    return end


def text_of(answer: Answer) -> str:
    """What an answer says, without white space at the ends."""
    if len(answer) == 1:  # as most are
        return answer[0].text.strip()
    return "\n".join(message.text for message in answer if message.text).strip()


def _is_of_another(message: Message, before: Message) -> bool:
    """Whether two adjacent messages of assistants belong to two answers."""
    if before.role == PREVIOUS_RESPONSE:
        return True
    return message.speaker != before.speaker and bool(message.speaker and before.speaker)
