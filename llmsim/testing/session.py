"""`Session`: one session of a simulator, as a test uses it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Self

from llmsim.json_text import parse
from llmsim.script.track import MAIN
from llmsim.server import client_environment
from llmsim.server.control_client import ControlClient
from llmsim.serving.urls import BASES
from llmsim.testing.entries import Conversation, Entry, conversations
from llmsim.testing.scripts import Given, name_in, spec_of
from llmsim.transcript import transcript
from llmsim.verdict import Verdict

_LOOK_SECONDS = 0.02


class VerdictError(AssertionError):
    """The agents did not do what the script asks for. It says what they did, and what was said."""


class Session:
    """A session: base URLs to give to clients, and what these did.

    What it says is read from the control API each time. Its methods raise `NoAnswerError` where the
    server does not answer.
    """

    def __init__(self, control: ControlClient, name: str, base_urls: Mapping[str, str]) -> None:
        self._control = control
        self.name = name
        self.base_urls = dict(base_urls)

    @classmethod
    def made(
        cls, control: ControlClient, name: str | None = None, script: Given | None = None
    ) -> Self:
        """A new session; without a script of its own it plays the server's.

        Raises:
            ScriptError: the script is wrong.
        """
        wanted: dict[str, Any] = {} if name is None else {"name": name}
        if script is not None:
            wanted["script"] = name_in(script) or spec_of(script)
        found = control.call("POST", "/sessions", wanted)
        return cls(control, found["name"], found["base_urls"])

    @property
    def openai_base_url(self) -> str:
        """For clients of Chat Completions and Responses."""
        return self.base_urls["openai"]

    @property
    def openresponses_base_url(self) -> str:
        """For clients of OpenResponses."""
        return self.base_urls["openresponses"]

    @property
    def anthropic_base_url(self) -> str:
        """For clients of Anthropic Messages."""
        return self.base_urls["anthropic"]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead the SDKs of OpenAI and Anthropic here, past any proxy."""
        root = self.openai_base_url.removesuffix(BASES["openai"])
        return client_environment.variables(root, os.environ)

    def script(self, script: Given) -> Self:
        """Give the session this script, from its first turn.

        Raises:
            ScriptError: the script is wrong.
        """
        named = name_in(script)
        wanted = spec_of(script) if named is None else {"use": named}
        self._control.call("PUT", f"/sessions/{self.name}/script", wanted)
        return self

    def reset(self) -> Self:
        """Rewind it to its first turn, and forget what was asked."""
        self._control.call("POST", f"/sessions/{self.name}/reset")
        return self

    def waiting(self, gate: str, requests: int = 1, seconds: float = 10) -> list[dict[str, Any]]:
        """Who waits at a gate of its script, in the order in which they came.

        They are waited for until there are so many `requests`. Each has its `position` and
        `ticket`, and is held from `since` until `until` at the latest, in Unix seconds.

        Raises:
            TimeoutError: after so many seconds there are fewer.
        """
        deadline = time.monotonic() + seconds
        while True:
            gates = self._control.get(f"/sessions/{self.name}/gates")["gates"]
            held: list[dict[str, Any]]
            held = next((each["waiting"] for each in gates if each["name"] == gate), [])
            if len(held) >= requests:
                return held
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(held)} of {requests} requests wait at the gate {gate!r}")
            time.sleep(_LOOK_SECONDS)

    def release(self, gate: str, count: int | None = None) -> None:
        """Let so many requests pass a gate of its script; without a number, all from now on."""
        wanted = {} if count is None else {"count": count}
        self._control.call("POST", f"/sessions/{self.name}/gates/{gate}/release", wanted)

    @property
    def requests(self) -> list[Entry]:
        """What was asked of it, in order, refused requests too."""
        return [Entry(facts) for facts in self._entries()]

    @property
    def conversations(self) -> list[Conversation]:
        """The requests that took a turn, each with those of its conversation."""
        return conversations(self.requests)

    @property
    def verdict(self) -> Verdict:
        """Whether its agents did what the script asks for, and why not."""
        return Verdict.read(self._control.call("GET", f"/sessions/{self.name}/verdict"))

    def assert_passed(self) -> None:
        """Its agents did what the script asks for.

        Raises:
            VerdictError: they did not.
        """
        __tracebackhide__ = True
        verdict = self.verdict
        if not verdict.passed:
            raise VerdictError(f"{verdict}\n{self.transcript()}")

    def assert_exhausted(self) -> None:
        """Every turn was taken, those of each track too; by history every conversation ended.

        Raises:
            VerdictError: turns are left.
        """
        __tracebackhide__ = True
        facts = self._control.call("GET", f"/sessions/{self.name}")
        alone = {"name": MAIN, "turns": facts["turns"], "place": facts["turns_used"]}
        lines = facts.get("tracks", [alone])
        left = [] if lines else ["no turn was taken"]  # of none of the folder's scripts
        for line in lines:
            name, turns, taken = line["name"], line["turns"], line["place"]
            if taken is not None and taken < turns:  # by history there is no place
                of = "" if name == MAIN else f" of track {name}"
                left.append(f"{taken} of {turns} turns{of} were taken")
        found = self.verdict.conversations
        if found is not None and found.ended < max(found.began, 1):
            left.append(f"{found.ended} of {found.began} conversations came to the end")
        if left:
            raise VerdictError("\n".join([*left, self.transcript()]))

    def transcript(self) -> str:
        """What was said, as text for people: without colour, and of a long one the two ends."""
        return "\n".join(transcript(self._entries()))

    def _entries(self) -> list[dict[str, Any]]:
        lines = self._control.lines(f"/sessions/{self.name}/requests.jsonl")
        return [parse(line) for line in lines]
