"""Whatever the script, the API and the client: who appends what he got receives the script."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmsim import Script
from llmsim.apis import APIS
from llmsim.apis.renderer import Renderer, Stamp
from llmsim.conversation import Request
from llmsim.playback import Playback
from llmsim.reply import Reply
from llmsim.store.mmap_store import MmapStore
from llmsim.usage import Usage
from tests.playback.clients import WAYS, Append

RENDERERS = {api.renderer.name: api.renderer for api in APIS}

TEXTS = st.sampled_from(["Done.", "  Done.\n", "Look.", "naïve \u2028 🙂", "call_llmsim_0_0", ""])
CALLS = st.lists(st.just({"name": "bash", "arguments": {"a": 1}}), min_size=1, max_size=3)
TURNS = st.one_of(
    st.builds(lambda text: {"type": "assistant", "text": text}, TEXTS),
    st.builds(lambda calls: {"type": "tool_calls", "calls": calls}, CALLS),
    st.builds(lambda text, calls: {"type": "mixed", "text": text, "calls": calls}, TEXTS, CALLS),
    st.builds(
        lambda text: {"type": "assistant", "text": text, "reasoning": "Hm."},
        TEXTS.filter(lambda text: bool(text.strip())),
    ),
    st.just({"type": "error", "kind": "rate_limit"}),
)
SCRIPTS = st.lists(TURNS, min_size=1, max_size=8)
CLIENTS = st.sampled_from(
    [(api, name, append) for api, ways in WAYS.items() for name, append in ways]
)


class Client:
    """An agent without an SDK: it keeps a history, and appends to it in its own way."""

    def __init__(self, playback: Playback, renderer: Renderer, append: Append) -> None:
        self._playback = playback
        self._renderer = renderer
        self._append = append
        self._history: list[Any] = [{"role": "user", "content": "Go."}]

    def ask(self) -> int | None:
        """Send the history; the index of the turn that came."""
        body = {"model": "m", "max_tokens": 9, "messages": self._history, "input": self._history}
        call = self._renderer.read(body)
        taken = self._playback.take(Request(call.conversation, session="s"))
        if isinstance(taken.outcome, Reply):
            payload = self._renderer.payload(
                taken.outcome, call, Stamp(taken.marks, 1, Usage(1, 1))
            )
            self._history += self._append(payload)
            if not taken.outcome.calls:
                self._history.append({"role": "user", "content": "Go on."})
        return taken.turn_index


# How slow the machine is is nobody's failure.
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns=SCRIPTS, client=CLIENTS, others=st.integers(0, 2))
def test_a_client_that_appends_what_it_got_receives_the_script_in_order(
    turns: list[dict[str, Any]], client: tuple[str, str, Append], others: int
) -> None:
    api, _, append = client
    script = Script.from_spec({"order": "history", "on_exhausted": "error", "turns": turns})
    with tempfile.TemporaryDirectory() as directory:
        playback = Playback(MmapStore.create_in(Path(directory), max_sessions=3))
        playback.publish(script)
        for _ in range(others + 1):  # one after another: those before leave nothing behind
            asking = Client(playback, RENDERERS[api], append)
            assert [asking.ask() for _ in range(len(script) + 1)] == [*range(len(script)), None]
        playback.store.detach()  # type: ignore[attr-defined]
