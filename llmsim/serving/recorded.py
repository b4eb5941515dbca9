"""What every request below an API's prefix has in common: a session, and an entry in its journal.

A request that takes no turn has one too: a list of models, a count of tokens, a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from llmsim.apis.renderer import Renderer
from llmsim.errors import RequestError, StoreError
from llmsim.journal.entry import JsonBody
from llmsim.journal.keeping import Keeping, Keepings
from llmsim.playback import Playback
from llmsim.serving.body import as_object, check_encoding, parsed, read_body, stop_reading
from llmsim.serving.counted import REFUSED, UNNAMED, Count
from llmsim.serving.made import check_made
from llmsim.serving.readings import Reading, Readings, key_of
from llmsim.serving.record import Record
from llmsim.serving.rendering import Answer, Headers, fail, failure_of, in_json
from llmsim.serving.session import BODY_KEY, session_found
from llmsim.serving.shared import shared
from llmsim.settings import REFUSE, Settings

FAILED = "llmsim failed to answer this request; its log has the details."

_KEEPINGS = Keepings()
READINGS = Readings()

Respond = Callable[[Playback, Record], Answer]


def recorded(
    renderer: Renderer, settings: Settings, environ: Mapping[str, Any], respond: Respond
) -> Answer:
    """What `respond` answers, put on record. Every failure leaves in the renderer's dialect.

    The session is the one that the request names, whatever it asks for.
    """
    record = None
    try:
        playback = shared(settings, environ)
        session = session_found(environ, settings)
        if settings.new_sessions == REFUSE:
            check_made(playback.store, session)
        store, default = playback.store, Keeping.by_default(settings)
        generation, keeping = _KEEPINGS.of(session, store, default)
        record = Record(keeping, environ, session, renderer.name)
        record.keeps(generation, lambda now: _KEEPINGS.in_generation(now, session, store, default))
        answered = _answered(renderer, playback, record, respond)
    except (RequestError, StoreError) as error:
        # Without a session, or without a store, there is no journal to write it down in.
        return _unrecorded(renderer, record, error)
    except BaseException:
        if record is not None:
            record.count.forgotten()
        raise
    if environ["REQUEST_METHOD"] == "HEAD":
        # The server never asks for the body, and the entry is written as it leaves.
        return answered._replace(body=list(record.written([b""], playback.store)))
    return answered._replace(body=record.written(answered.body, playback.store))


def json_recorded(
    renderer: Renderer, settings: Settings, environ: Mapping[str, Any], say: Callable[[Record], Any]
) -> Answer:
    """The JSON that `say` gives, as the answer to a request that takes no turn. See `recorded`."""

    def respond(_: Playback, record: Record) -> Answer:
        answered = in_json(say(record))
        record.answer(answered, None)
        return answered

    return recorded(renderer, settings, environ, respond)


def refused(
    renderer: Renderer,
    settings: Settings,
    environ: Mapping[str, Any],
    error: RequestError,
    headers: Headers,
) -> Answer:
    """The refusal of a request that no route takes; `headers` are added. See `recorded`."""

    def respond(_: Playback, record: Record) -> Answer:
        return _refusal(renderer, record, error, headers)

    return recorded(renderer, settings, environ, respond)


def body_of(settings: Settings, record: Record) -> dict[str, Any]:
    """The request's body, put on record before it is judged.

    Raises:
        RequestError: it is too large, broken, or no JSON object.
    """
    return as_object(_understood(_sent(settings, record), record).value)


def read(renderer: Renderer, settings: Settings, record: Record) -> Reading:
    """The same, and read as the API's.

    Raises:
        RequestError: as `body_of`, or a field is missing or wrong.
    """
    body = _sent(settings, record)
    key = key_of(renderer, body)
    known = READINGS.find(key, body)
    if known is not None:
        check_encoding(record.environ)
        record.understood(known.body)
        return known
    reading = Reading(renderer, _understood(body, record))
    READINGS.note(key, reading)
    return reading


def _sent(settings: Settings, record: Record) -> bytes:
    early = record.environ.get(BODY_KEY)
    body = early.read() if early else read_body(record.environ, settings.max_body_bytes)
    record.sent(body)
    return body


def _understood(body: bytes, record: Record) -> JsonBody:
    early = record.environ.get(BODY_KEY)
    value = early.parsed() if early else parsed(body, record.environ)
    understood = JsonBody(body, value)
    record.understood(understood)
    return understood


def _answered(renderer: Renderer, playback: Playback, record: Record, respond: Respond) -> Answer:
    try:
        return respond(playback, record)
    except RequestError as error:
        answered = _refusal(renderer, record, error)
        if error.status == 413:
            return answered._replace(body=_then_stop_reading(answered.body, record.environ))
        return answered


def _unrecorded(
    renderer: Renderer, record: Record | None, error: RequestError | StoreError
) -> Answer:
    answered = fail(renderer, failure_of(error))
    count = Count(renderer.name, UNNAMED) if record is None else record.count
    count.turn, count.status = REFUSED, answered.status
    count.done()
    return answered


def _refusal(
    renderer: Renderer, record: Record, error: RequestError, headers: Headers | None = None
) -> Answer:
    failure = failure_of(error)
    answered = fail(renderer, failure, headers)
    record.answer(answered, failure)
    return answered


def _then_stop_reading(body: Iterable[bytes], environ: Mapping[str, Any]) -> Iterator[bytes]:
    """The body, and once it was handed over an end to the request's."""
    try:
        yield from body
    finally:
        stop_reading(environ)
