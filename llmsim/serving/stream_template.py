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
from collections.abc import Hashable, Iterator, Mapping, Sequence

from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.conversation import Conversation, Request
from llmsim.json_text import ascii_json
from llmsim.made_ids import serial_of
from llmsim.part import Part
from llmsim.playback import Taken
from llmsim.reply import Reply
from llmsim.usage import Usage, usage_of

# The same length each, and another first digit: none stands in another.
_CREATED_NUMBER, _PROMPT_NUMBER, _TOTAL_NUMBER, _UNCACHED_NUMBER = (
    first * 10**16 + secrets.randbelow(10**15) for first in range(1, 5)
)
_MARK_TEXTS = tuple(secrets.token_hex(8) for _ in range(4))
_SERIAL_TEXT, _MODEL_NAME, _ECHO_NAME = (secrets.token_hex(16) for _ in range(3))


class _StandInUsage(Usage):
    """Every number that hangs on the prompt is a stand-in of its own.

    None is calculated from another: what came out could not be recognised.
    """

    @property
    def total(self) -> int:
        """In place of prompt and completion together."""
        return _TOTAL_NUMBER

    @property
    def uncached(self) -> int:
        """In place of what came from no cache."""
        return _UNCACHED_NUMBER


# The same as they stand in a stream.
_CREATED, _PROMPT, _TOTAL, _UNCACHED = (
    b"%d" % number for number in (_CREATED_NUMBER, _PROMPT_NUMBER, _TOTAL_NUMBER, _UNCACHED_NUMBER)
)
_MARKS = tuple(text.encode() for text in _MARK_TEXTS)
_SERIAL, _MODEL, _ECHO = (
    _SERIAL_TEXT.encode(),
    b'"%b"' % _MODEL_NAME.encode(),
    b'"%b":0' % _ECHO_NAME.encode(),
)
_STAND_IN = re.compile(
    b"(%b)" % b"|".join([*_MARKS, _SERIAL, _CREATED, _MODEL, _ECHO, _PROMPT, _TOTAL, _UNCACHED])
)

_KEPT_BYTES = 8 * 2**20
_MOST_SEEN = 4096


Blanks = list[bytes]
"""Text cut at its stand-ins: every second piece is one."""


class StreamTemplate:
    """One stream.

    A gap is what most of its events have in common from their first stand-in to their last; parts
    are what lies between gaps. `contents` says of each frame whether it brings content.
    """

    def __init__(self, stream: bytes, contents: Sequence[bool] = ()) -> None:
        self._contents = contents
        frames = stream.split(b"\n\n")
        places = [_place(frame) for frame in frames]
        gaps = Counter(
            frame[start:end] for frame, (start, end) in zip(frames, places, strict=True) if end
        )
        gap = gaps.most_common(1)[0][0] if gaps else b""
        parts: list[list[bytes]] = [[]]
        for frame, (start, end) in zip(frames, places, strict=True):
            if end and frame[start:end] == gap:
                parts[-1].append(frame[:start])
                parts.append([frame[end:] + b"\n\n"])
            else:
                parts[-1].append(frame + b"\n\n")
        self._parts = [b"".join(part) for part in parts]
        self._parts[-1] = self._parts[-1][:-2]  # the end of the stream ends no frame
        self._blanks: dict[int, Blanks] = {}
        for index, part in enumerate(self._parts):
            blanks = _STAND_IN.split(part)
            if len(blanks) > 1:
                self._parts[index], self._blanks[index] = b"", blanks
        self._gap_blanks = _STAND_IN.split(gap)
        self.size = len(stream)

    def fill(self, words: Mapping[bytes, bytes]) -> bytes:
        """The stream of one answer: the word that stands where each stand-in stood."""
        parts = self._parts.copy()
        for index, blanks in self._blanks.items():
            parts[index] = _filled(blanks, words)
        return _filled(self._gap_blanks, words).join(parts)

    def frames(self, words: Mapping[bytes, bytes]) -> Iterator[Part]:
        """The same frame by frame, as they are asked for."""
        gap = _filled(self._gap_blanks, words)
        contents = iter(self._contents)
        begun = b""
        for index, part in enumerate(self._parts):
            blanks = self._blanks.get(index)
            text = begun + (_filled(blanks, words) if blanks else part)
            *whole, begun = text.split(b"\n\n")
            for frame in whole:
                yield Part(frame + b"\n\n", next(contents))
            begun += gap


def _filled(blanks: Blanks, words: Mapping[bytes, bytes]) -> bytes:
    pieces = blanks.copy()
    pieces[1::2] = [words[stand_in] for stand_in in blanks[1::2]]
    return b"".join(pieces)


def _place(frame: bytes) -> tuple[int, int]:
    """Where a frame's first stand-in begins and its last one ends; zeros where it has none."""
    found = list(_STAND_IN.finditer(frame))
    return (found[0].start(), found[-1].end()) if found else (0, 0)


def _words(call: Call, stamp: Stamp) -> dict[bytes, bytes]:
    """What stands in one answer in the place of each stand-in."""
    usage = stamp.usage.times(call.shape.choices)
    return {
        **{_MARKS[at]: mark.encode("ascii") for at, mark in enumerate(stamp.marks)},
        _SERIAL: serial_of(stamp.marks).encode("ascii"),
        _CREATED: b"%d" % stamp.created,
        _MODEL: ascii_json(call.model),
        _ECHO: ascii_json(dict(call.echo))[1:-1],
        _PROMPT: b"%d" % usage.prompt,
        _TOTAL: b"%d" % usage.total,
        _UNCACHED: b"%d" % usage.uncached,
    }


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
        template = self._template(renderer, call, taken)
        return None if template is None else template.fill(_words(call, stamp))

    def frames(
        self, renderer: Renderer, call: Call, taken: Taken, stamp: Stamp
    ) -> Iterator[Part] | None:
        """The same frame by frame."""
        template = self._template(renderer, call, taken)
        return None if template is None else template.frames(_words(call, stamp))

    def _template(self, renderer: Renderer, call: Call, taken: Taken) -> StreamTemplate | None:
        turn = (taken.claim.script, taken.line.place, taken.turn_index)
        key = (turn, renderer.name, call.shape, len(taken.marks))
        return self._templates.get(key) or self._made(key, renderer, call, taken)

    def _made(
        self, key: Hashable, renderer: Renderer, call: Call, taken: Taken
    ) -> StreamTemplate | None:
        """A template on a turn's second time.

        Most turns of a long script come once, and making one costs more than a rendering.
        """
        turn = taken.turn
        if turn is None or turn.reads_request:
            return None
        if key not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(key)
            return None
        reply = turn.answer(_SERIAL_TEXT, Request(stream=True))
        if not isinstance(reply, Reply):
            return None
        usage = _StandInUsage(*usage_of(Conversation(), reply))._replace(prompt=_PROMPT_NUMBER)
        stamp = Stamp(_MARK_TEXTS[: len(taken.marks)], _CREATED_NUMBER, usage)
        stood_in = call._replace(model=_MODEL_NAME, echo={_ECHO_NAME: 0} if call.echo else {})
        events = list(renderer.events(reply, stood_in, stamp))
        stream = b"".join(event.frame() for event in events)
        return self._keep(key, StreamTemplate(stream, [event.content for event in events]))

    def _keep(self, key: Hashable, template: StreamTemplate) -> StreamTemplate:
        self._templates[key] = template
        self._size += template.size
        while self._size > _KEPT_BYTES and len(self._templates) > 1:
            self._size -= self._templates.popitem(last=False)[1].size
        return template
