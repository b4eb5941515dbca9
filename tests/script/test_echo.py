"""`echo`: the model says what the user said last."""

from __future__ import annotations

from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.reply import Reply, Text
from llmsim.script import Echo, Script
from tests.each import for_each
from tests.narrowing import of_type


def said(*messages: tuple[str, str]) -> Conversation:
    return Conversation(
        system="Be brief.",
        messages=(
            *(Message(role, text) for role, text in messages),
            Message("tool", "a result", call_id="call_1"),
        ),
    )


CONVERSATIONS = {
    "one message": (said(("user", "Hi")), "Hi"),
    "the last of several": (
        said(("user", "first"), ("assistant", "answer"), ("user", "second")),
        "second",
    ),
    "not the assistant's, which came after": (
        said(("user", "mine"), ("assistant", "prefilled")),
        "mine",
    ),
    "not a tool's": (said(("user", "mine"), ("tool", "a result without an id")), "mine"),
    "of no other role": (said(("narrator", "once upon a time")), ""),
    "an empty one": (said(("user", "first"), ("user", "")), ""),
    "letters of all kinds": (
        said(("user", "naïve\u2028\U0001f469\u200d\U0001f52c\ud83d\r\n")),
        "naïve\u2028\U0001f469\u200d\U0001f52c\ud83d\r\n",
    ),
    "no message at all": (Conversation(), ""),
    "a system text alone": (Conversation(system="Be brief."), ""),
    "calls and pictures without a word": (
        Conversation(messages=(Message("user", "", (CalledTool("a", "{}"),), images=2),)),
        "",
    ),
}


@for_each(("conversation", "text"), CONVERSATIONS)
@for_each("prefix", ["", "You said: "])
def test_an_echo_is_the_prefix_and_the_last_user_message(
    conversation: Conversation, text: str, prefix: str
) -> None:
    assert Echo(prefix).play("0", Request(conversation)) == Reply((Text(prefix + text),))


def test_an_echo_of_a_script_hears_each_request_anew() -> None:
    script = Script.from_json('{"turns": [{"type": "echo", "prefix": "> "}]}')
    assert [
        of_type(Reply, script.play(position, Request(said(("user", str(position)))))).text
        for position in range(3)
    ] == [
        "> 0",
        "> 1",
        "> 2",
    ]


def test_an_echo_remembers_nothing() -> None:
    turn = Echo()
    turn.play("0", Request(said(("user", "secret"))))
    assert of_type(Reply, turn.play("1", Request())).text == ""
