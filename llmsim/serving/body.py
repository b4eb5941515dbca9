"""Reading a request's body from the WSGI environment: bounded, and as a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmsim.errors import RequestError
from llmsim.json_text import parse, type_name

_BLOCK = 64 * 1024


def read_body(
    environ: Mapping[str, Any], limit: int, setting: str = "server.max_body_mb (LLMSIM_MAX_BODY_MB)"
) -> bytes:
    """The body; `limit` is in bytes, and `setting` is what raises it.

    Raises:
        RequestError: it is too large (413), or ends before it is whole (400).
    """
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH")
    if length:
        if not length.isdigit() or int(length) > limit:
            raise _too_large(limit, setting)
        return _whole(_read(stream, int(length)), int(length))
    return b"".join(blocks(environ, limit, setting))


def blocks(environ: Mapping[str, Any], limit: int, setting: str) -> Iterator[bytes]:
    """The body block by block, for one that may be large; see `read_body`."""
    stream, length, size = environ["wsgi.input"], environ.get("CONTENT_LENGTH"), 0
    if length and (not length.isdigit() or int(length) > limit):
        raise _too_large(limit, setting)
    # Without a length, a body ends only where the server marks its end (chunked transfer).
    ends = length or environ.get("wsgi.input_terminated")
    while ends and (block := _read(stream, min(_BLOCK, int(length) - size if length else _BLOCK))):
        size += len(block)
        if size > limit:
            raise _too_large(limit, setting)
        yield block
    if length and size < int(length):
        raise _incomplete(size, int(length))


def _whole(body: bytes, length: int) -> bytes:
    if len(body) == length:
        return body
    raise _incomplete(len(body), length)


def _incomplete(size: int, length: int) -> RequestError:
    message = f"The request body ends after {size} bytes; its Content-Length announces {length}."
    return RequestError(message, code="incomplete_body")


def _read(stream: Any, size: int) -> bytes:
    try:
        return bytes(stream.read(size))
    except Exception as error:
        # Every server has errors of its own for chunks that are none.
        reason = "the connection ended" if isinstance(error, OSError) else str(error)
        message = f"The request body cannot be read to its end: {reason}."
        raise RequestError(message, code="incomplete_body") from error


def parsed(body: bytes, environ: Mapping[str, Any], parse: Callable[[bytes], Any] = parse) -> Any:
    """The JSON value in the body, by that parser.

    The content type is not looked at where the body is JSON: agents get it wrong.

    Raises:
        RequestError: it is not JSON (400), or encoded (415).
    """
    check_encoding(environ)
    try:
        return parse(body)
    except ValueError as error:
        raise _not_json(body, str(environ.get("CONTENT_TYPE", "")), error) from error


def check_encoding(environ: Mapping[str, Any]) -> None:
    """Let a body pass that is not compressed.

    Raises:
        RequestError: it is (415).
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.lower() != "identity":
        message = f"The request body has Content-Encoding {encoding!r}; send it without encoding."
        raise RequestError(message, code="unsupported_content_encoding", status=415)


def as_object(value: Any) -> dict[str, Any]:
    """The value, if it is an object.

    Raises:
        RequestError: it is something else (400).
    """
    if not isinstance(value, dict):
        raise RequestError(
            f"The request body must be a JSON object, got {type_name(value)}.", code="invalid_type"
        )
    return value


def stop_reading(environ: Mapping[str, Any]) -> None:
    """Let gunicorn close the connection, and not first read to its end what is too large.

    It does so where reading a body has failed. To shut the socket's reading side down instead would
    hold up a client that goes on sending for a minute: its kernel sees a full window, and no end.
    """
    if "gunicorn.socket" in environ:
        environ["wsgi.input"].failed = True


def _too_large(limit: int, setting: str) -> RequestError:
    message = (
        f"The request body is larger than {limit // 2**20} MiB; the setting {setting} raises the "
        "limit."
    )
    return RequestError(message, code="request_too_large", status=413)


def _not_json(body: bytes, content_type: str, error: ValueError) -> RequestError:
    if not body:
        return RequestError("The request body is empty; send a JSON object.")
    if "json" not in content_type.lower() and content_type:
        message = (
            f"The request body is not JSON, and its Content-Type is {content_type!r}; send JSON "
            "as application/json."
        )
        return RequestError(message, code="unsupported_content_type")
    return RequestError(f"The request body is not valid JSON: {error}.")
