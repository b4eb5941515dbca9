"""Streams that are rendered once for a turn and then only filled in.

A stream of 400 events costs milliseconds to render, and from one request to the next it differs in
a few words: ids, time, model, prompt tokens, echoed fields. So a turn is rendered with stand-ins
for those, which stand nowhere else; the text between them is kept, and joined again around the
words of each request. Renderers know nothing of this.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter, OrderedDict
from collections.abc import Hashable, Mapping

from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.conversation import Conversation
from llmsim.json_text import ascii_json
from llmsim.playback import Taken
from llmsim.reply import Reply
from llmsim.usage import usage_of

_GENERATION_TEXT, _MODEL_NAME, _ECHO_NAME = (
    secrets.token_hex(8),
    secrets.token_hex(16),
    secrets.token_hex(16),
)
_POSITION_NUMBER, _CREATED_NUMBER = (
    10**16 + secrets.randbelow(10**15),
    10**17 + secrets.randbelow(10**15),
)
# What a renderer adds to the prompt's tokens, or takes from them, leaves the head of this number as
# it is.
_PROMPT_HEAD = 7 * 10**7 + secrets.randbelow(10**7)
_PROMPT = _PROMPT_HEAD * 10**8 + 5 * 10**7

# The same as they stand in a stream.
_GENERATION, _POSITION, _CREATED = (
    _GENERATION_TEXT.encode(),
    b"%d" % _POSITION_NUMBER,
    b"%d" % _CREATED_NUMBER,
)
_MODEL, _ECHO = b'"%b"' % _MODEL_NAME.encode(), b'"%b":0' % _ECHO_NAME.encode()
_STAND_IN = re.compile(
    b"|".join([_GENERATION, _POSITION, _CREATED, _MODEL, _ECHO, b"%d[0-9]{8}" % _PROMPT_HEAD])
)

_KEPT_BYTES = 8 * 2**20
_MOST_SEEN = 4096


class StreamTemplate:
    """One stream.

    `gap` is what most of its events have in common from their first stand-in to their last; `parts`
    are what lies between gaps.
    """

    def __init__(self, stream: bytes) -> None:
        frames = stream.split(b"\n\n")
        places = [_place(frame) for frame in frames]
        gaps = Counter(
            frame[start:end] for frame, (start, end) in zip(frames, places, strict=True) if end
        )
        self._gap = gaps.most_common(1)[0][0] if gaps else b""
        parts: list[list[bytes]] = [[]]
        for frame, (start, end) in zip(frames, places, strict=True):
            if end and frame[start:end] == self._gap:
                parts[-1].append(frame[:start])
                parts.append([frame[end:] + b"\n\n"])
            else:
                parts[-1].append(frame + b"\n\n")
        self._parts = [b"".join(part) for part in parts]
        self._parts[-1] = self._parts[-1][:-2]  # the end of the stream ends no frame
        self._changing = [index for index, part in enumerate(self._parts) if _STAND_IN.search(part)]
        self.size = len(stream)

    def fill(self, words: Mapping[bytes, bytes], prompt: int) -> bytes:
        """The stream of one answer: `words` by stand-in, and the number of its prompt tokens."""

        def word(found: re.Match[bytes]) -> bytes:
            stand_in = found.group()
            return words.get(stand_in) or b"%d" % max(prompt + int(stand_in) - _PROMPT, 0)

        parts = self._parts.copy()
        for index in self._changing:
            parts[index] = _STAND_IN.sub(word, parts[index])
        return _STAND_IN.sub(word, self._gap).join(parts)


def _place(frame: bytes) -> tuple[int, int]:
    """Where a frame's first stand-in begins and its last one ends; zeros where it has none."""
    found = list(_STAND_IN.finditer(frame))
    return (found[0].start(), found[-1].end()) if found else (0, 0)


class StreamTemplates:
    """The templates of the turns that come again."""

    def __init__(self) -> None:
        self._templates: OrderedDict[Hashable, StreamTemplate] = OrderedDict()
        self._size = 0
        self._seen: set[Hashable] = set()

    def stream(self, renderer: Renderer, call: Call, taken: Taken, stamp: Stamp) -> bytes | None:
        """The whole stream of what was taken, or None where it has to be rendered.

        For a turn's first time, and for turns that are never the same.
        """
        key = (taken.claim.script, taken.index, renderer.name, call.include_usage, call.choices)
        template = self._templates.get(key) or self._made(key, renderer, call, taken)
        if template is None:
            return None
        words = {
            _GENERATION: stamp.generation.encode("ascii"),
            _POSITION: b"%d" % stamp.position,
            _CREATED: b"%d" % stamp.created,
            _MODEL: ascii_json(call.model),
            _ECHO: ascii_json(dict(call.echo))[1:-1],
        }
        return template.fill(words, stamp.usage.prompt)

    def _made(
        self, key: Hashable, renderer: Renderer, call: Call, taken: Taken
    ) -> StreamTemplate | None:
        """A template on a turn's second time.

        Most turns of a long script come once, and making one costs more than a rendering.
        """
        turn = taken.turn
        if turn is None or turn.reads_conversation:
            return None
        if key not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(key)
            return None
        reply = turn.play(_POSITION_NUMBER, Conversation())
        if not isinstance(reply, Reply):
            return None
        usage = usage_of(Conversation(), reply)
        prompt = _PROMPT if reply.tokens.prompt_tokens is None else usage.prompt
        stamp = Stamp(
            _GENERATION_TEXT, _POSITION_NUMBER, _CREATED_NUMBER, usage._replace(prompt=prompt)
        )
        stood_in = call._replace(model=_MODEL_NAME, echo={_ECHO_NAME: 0} if call.echo else {})
        return self._keep(
            key,
            StreamTemplate(
                b"".join(event.frame() for event in renderer.events(reply, stood_in, stamp))
            ),
        )

    def _keep(self, key: Hashable, template: StreamTemplate) -> StreamTemplate:
        self._templates[key] = template
        self._size += template.size
        while self._size > _KEPT_BYTES and len(self._templates) > 1:
            self._size -= self._templates.popitem(last=False)[1].size
        return template
