"""However a request comes, the worker that remembers heads serves it as gunicorn's own does."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from llmsim.server.workers import heads
from tests.each import for_each
from tests.server.workers.pair import (
    Pair,
    connect,
    echoed,
    facts,
    head_of,
    pair,
    post,
    statuses,
    talk,
)

CHUNKS = b"4\r\nbody\r\n0\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("requests")) as servers:
        yield servers


def each_byte(request: bytes) -> list[bytes]:
    return [request[at : at + 1] for at in range(len(request))]


def test_a_head_that_came_before_is_remembered(both: Pair) -> None:
    answer = both.answers_remembered(post("/a%20b?c=d", "X-One: 1"))
    (seen,) = echoed(answer)
    assert seen["body"] == "body"
    assert (seen["environ"]["PATH_INFO"], seen["environ"]["QUERY_STRING"]) == ("/a b", "c=d")
    assert (seen["environ"]["HTTP_X_ONE"], seen["environ"]["CONTENT_LENGTH"]) == ("1", "4")


def test_only_the_length_differs_from_request_to_request(both: Pair) -> None:
    for size in (10, 11, 99, 12):
        answer = both.answers(post("/lengths", body=b"x" * size))
        (seen,) = echoed(answer)
        assert (seen["body"], seen["environ"]["CONTENT_LENGTH"]) == ("x" * size, str(size))
    assert facts(both.servers["fast"])["again"]


def test_requests_on_one_connection_are_answered_in_their_order(both: Pair) -> None:
    bodies = [b"one", b"two", b"six", b"ten"]
    answer = both.answers_remembered(b"".join(post("/pipelined", body=body) for body in bodies))
    assert [seen["body"].encode() for seen in echoed(answer)] == bodies


def test_what_is_read_ahead_of_a_request_is_the_next_one(both: Pair) -> None:
    """The first piece ends somewhere in the second request."""
    three = post("/ahead", body=b"first") + GET + post("/ahead", body=b"third")
    both.answers_remembered(post("/ahead", body=b"prime"))
    for cut in range(1, len(three), 7):
        answer = both.answers(three[:cut], three[cut:])
        assert [seen["body"] for seen in echoed(answer)] == ["first", "", "third"]


def test_a_head_may_come_byte_by_byte(both: Pair) -> None:
    request = post("/bytes")
    both.answers_remembered(request)
    assert statuses(both.answers(*each_byte(request))) == [200]


# Each is asked for by a head that is remembered, but for what is said here of it.
BODIES = {
    "in pieces": (head_of(length=9), b"in ", b"three", b" "),
    "with the head's first bytes": (head_of(length=9) + b"in", b" two", b"."),
    "byte by byte": (head_of(length=9), *each_byte(b"in pieces")),
    "cut": (head_of(length=9), b"half"),
    "cut, with the head": (head_of(length=9) + b"half",),
    "none of it": (head_of(length=9),),
    "longer than it says": (head_of(length=4) + b"body and more",),
    "longer than it says, later": (head_of(length=4), b"body and more"),
    "empty": (head_of(length=0), GET),
    "of 100 KB": (head_of(length=100_000), b"x" * 100_000),
    "of 100 KB, with the head": (head_of(length=100_000) + b"x" * 100_000 + GET,),
    "whose second half looks like a request": (head_of(length=10 + len(GET)) + b"x" * 10, GET),
}


@for_each("pieces", BODIES)
def test_a_body_is_what_its_length_says(both: Pair, pieces: tuple[bytes, ...]) -> None:
    for body in (b"body", b"123456789", b"x" * 36, b"x" * 99_999, b"x" * 100_000):
        both.answers_remembered(post("/", body=body))
    assert statuses(both.answers(*pieces))[0] == 200


WAYS_TO_READ = ["/lines", "/unread", "/begun", "/failed", "/failed-at-the-end"]


@for_each("path", WAYS_TO_READ)
def test_whatever_the_application_reads_the_next_request_is_found(both: Pair, path: str) -> None:
    body = b"a\nline\n\nand more" * 300
    request = post(path, body=body)
    both.answers_remembered(request)
    both.answers_remembered(post(path, body=b"one"))
    for pieces in (
        [request + GET],
        [request[:-1000], request[-1000:] + GET],
        [post(path, body=b"one") + GET],
        [post(path, body=b"one") + post(path, body=b"two"), GET],
    ):
        found = statuses(both.answers(*pieces))
        assert found[:1] == [200]
        assert (len(found) > 1) == ("failed" not in path)


SAME = "Content-Length: 4"
LENGTHS = {
    "twice the same": (SAME, SAME),
    "twice, and different": (SAME, "Content-Length: 5"),
    "in two spellings": (SAME, "content-length: 4"),
    "negative": ("Content-Length: -4",),
    "with a sign": ("Content-Length: +4",),
    "with a space before": ("Content-Length:  4",),
    "with a space behind": ("Content-Length: 4 ",),
    "with a tab": ("Content-Length:\t4",),
    "without a space": ("Content-Length:4",),
    "with a space before the colon": ("Content-Length : 4",),
    "with zeros": ("Content-Length: 0004",),
    "a list": ("Content-Length: 4, 4",),
    "hexadecimal": ("Content-Length: 0x4",),
    "with an underscore": ("Content-Length: 1_0",),
    "empty": ("Content-Length: ",),
    "a word": ("Content-Length: four",),
    "a fraction": ("Content-Length: 4.0",),
    "superscript": ("Content-Length: \xb2",),
    "huge": ("Content-Length: 99999999999",),
    "larger than any number": ("Content-Length: " + "9" * 40,),
    "of more digits than Python reads": ("Content-Length: " + "9" * 5000,),
    "in another spelling": ("cOnTeNt-LeNgTh: 4",),
    "in small letters": ("content-length: 4",),
    "with underscores": ("Content_Length: 4",),
    "with underscores too": (SAME, "Content_Length: 7"),
    "in the value of another": ("X: Content-Length: 4", SAME),
    "not there": (),
    "of a body without end": ("Transfer-Encoding: chunked",),
    "and chunks": (SAME, "Transfer-Encoding: chunked"),
    "and chunks before it": ("Transfer-Encoding: chunked", SAME),
    "and chunks of an unknown kind": (SAME, "Transfer-Encoding: zip"),
    "and identity": (SAME, "Transfer-Encoding: identity"),
    "and two encodings": (SAME, "Transfer-Encoding: gzip, chunked"),
}


@for_each("lines", LENGTHS)
def test_a_length_is_what_gunicorn_takes_it_for(both: Pair, lines: tuple[str, ...]) -> None:
    """Also where the same head with a plain length is remembered."""
    both.answers_remembered(post())
    head = head_of("/", *lines, length=None)
    for body in (b"body", b"body" + post(), CHUNKS, CHUNKS + GET):
        for _ in range(3):
            both.answers(head + body)


HEADERS = {
    "close": ("Connection: close",),
    "keep-alive": ("Connection: keep-alive",),
    "Close": ("Connection: Close",),
    "close, in a list": ("Connection: keep-alive, close",),
    "upgrade": ("Connection: Upgrade", "Upgrade: websocket"),
    "upgrade to HTTP/2": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
    "settings of HTTP/2": ("HTTP2-Settings: AAMAAABkAAQAAP__",),
    "expectation": ("Expect: 100-continue",),
    "Expectation": ("expect: 100-Continue",),
    "no expectation that there is": ("Expect: more",),
    "folded": ("X-Folded: one", " two"),
    "folded length": ("X-Folded: one", "\tContent-Length: 9"),
    "folded at the first": (" X: 1",),
    "NUL": ("X: a\0b",),
    "control": ("X: a\x07b",),
    "delete": ("X: a\x7fb",),
    "8 bits": ("X: gr\xfc\xdfe",),
    "8 bits in a name": ("X-gr\xfc\xdfe: 1",),
    "return": ("X: a\rb",),
    "line feed": ("X: a\nY: b",),
    "line feed at the end": ("X: a\n",),
    "underscore": ("X_A: 1", "X-A: 2"),
    "twice": ("X-A: 1", "x-a: 2"),
    "Host, twice": ("Host: y",),
    "type, twice": ("Content-Type: text/plain",),
    "empty": ("X:",),
    "without a colon": ("X",),
    "without a name": (": x",),
    "space in the name": ("X Y: 1",),
    "space before the colon": ("X : 1",),
    "many": tuple(f"X-{number}: {number}" for number in range(90)),
    "too many": tuple(f"X-{number}: {number}" for number in range(120)),
    "long": ("X: " + "a" * 8000,),
    "too long": ("X: " + "a" * 9000,),
    "long, and long": ("X: " + "a" * 5000, "Y: " + "b" * 5000),
    "secure": ("X-Forwarded-Proto: https",),
    "secure, and not": ("X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
    "forwarded": ("X-Forwarded-For: 10.9.8.7", "Forwarded: for=10.9.8.7"),
    "script name": ("Script_Name: /x", "SCRIPT-NAME: /y"),
    "CGI": ("Proxy: http://evil", "Wsgi.Input: x", "Remote-Addr: 1.2.3.4", "Path_Info: /x"),
}


@for_each("lines", HEADERS)
def test_a_header_is_what_gunicorn_takes_it_for(both: Pair, lines: tuple[str, ...]) -> None:
    request = post("/header", *lines)
    for _ in range(4):
        both.answers(request + GET)
    both.answers(request[:-10], request[-10:])


def with_line(line: str, end: bytes = b"\r\n") -> bytes:
    rest = b"Host: x\r\nContent-Length: 4\r\n\r\nbody"
    return line.encode("latin-1") + end + rest


LINES = {
    "HTTP/1.0": with_line("POST / HTTP/1.0"),
    "HTTP/1.0, kept": with_line("POST / HTTP/1.0\r\nConnection: keep-alive"),
    "HTTP/1.2": with_line("POST / HTTP/1.2"),
    "HTTP/2.0": with_line("POST / HTTP/2.0"),
    "no version": with_line("POST /"),
    "line feed": with_line("POST / HTTP/1.1", b"\n"),
    "two spaces": with_line("POST  / HTTP/1.1"),
    "space behind": with_line("POST / HTTP/1.1 "),
    "small letters": with_line("post / HTTP/1.1"),
    "PUT": with_line("PUT / HTTP/1.1"),
    "GET with a body": with_line("GET / HTTP/1.1"),
    "HEAD": with_line("HEAD / HTTP/1.1"),
    "CONNECT": with_line("CONNECT x:1 HTTP/1.1"),
    "whole URL": with_line("POST http://y/z?a HTTP/1.1"),
    "no slash": with_line("POST x HTTP/1.1"),
    "asterisk": with_line("POST * HTTP/1.1"),
    "8 bits": with_line("POST /\xfc HTTP/1.1"),
    "escapes": with_line("POST /%2f%00%fc%e2%82%ac?%20 HTTP/1.1"),
    "fragment": with_line("POST /a#b?c HTTP/1.1"),
    "two slashes": with_line("POST //a//b HTTP/1.1"),
    "too long": with_line(f"POST /{'a' * 8200} HTTP/1.1"),
    "an empty line before": b"\r\n" + post(),
    "two empty lines before": b"\r\n\r\n" + post(),
    "a line feed before": b"\n" + post(),
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303"),
    "proxy": b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n" + post(),
    "nothing": b"",
    "an end": b"\r\n\r\n",
    "no headers": b"POST / HTTP/1.1\r\n\r\nContent-Length: 4\r\n\r\nbody",
    "half a head": post()[:40],
}


@for_each("request_", LINES)
def test_a_request_line_is_what_gunicorn_takes_it_for(both: Pair, request_: bytes) -> None:
    for _ in range(4):
        both.answers(request_ + GET)
    both.answers(request_[:20], request_[20:])


NEVER_REMEMBERED = {
    "another method": with_line("PUT / HTTP/1.1"),
    "another version": with_line("POST / HTTP/1.0\r\nConnection: keep-alive"),
    "an end of the connection": post("/", "Connection: close"),
    "an expectation": post("/", "Expect: 100-continue"),
    "an upgrade": post("/", "Connection: Upgrade", "Upgrade: websocket"),
    "another spelling": head_of("/", "Content-Length:4", length=None) + b"body",
    "many digits": head_of("/", "Content-Length: 0000000000004", length=None) + b"body",
    "chunks": head_of("/", "Transfer-Encoding: chunked", length=None) + CHUNKS,
    "no length": head_of("/", length=None),
    "a line before it": b"\r\n" + post(),
}


@for_each("request_", NEVER_REMEMBERED)
def test_what_is_not_plain_is_never_remembered(both: Pair, request_: bytes) -> None:
    before = facts(both.servers["fast"])["again"]
    for _ in range(4):
        assert both.answers(request_)
    assert facts(both.servers["fast"])["again"] == before


def test_the_client_that_expects_it_is_told_to_go_on(both: Pair) -> None:
    for _ in range(3):
        answer = both.answers(head_of("/", "Expect: 100-continue"), b"body")
        assert statuses(answer) == [100, 200]


def test_one_head_of_two_peers_is_two_heads(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The one is trusted to say that its client speaks TLS, the other is not."""
    request = post("/", "X-Forwarded-Proto: https")
    with pair(tmp_path_factory.mktemp("peers"), "--forwarded-allow-ips", "127.0.0.2") as both:
        seen: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for name, server in both.servers.items():
            for source in ["127.0.0.2", "127.0.0.1"] * 4:
                (one,) = echoed(talk(connect(server, source), request))
                facts_of = (one["environ"]["wsgi.url_scheme"], one["environ"]["REMOTE_ADDR"])
                seen.setdefault((name, source), set()).add(facts_of)
        assert facts(both.servers["fast"])["again"] == 4
    for name in both.servers:
        assert seen[name, "127.0.0.2"] == {("https", "127.0.0.2")}
        assert seen[name, "127.0.0.1"] == {("http", "127.0.0.1")}


def test_a_length_that_is_too_long_for_a_limit_is_so_where_a_shorter_one_is_remembered(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Gunicorn counts the bytes of the line, with its end."""

    def request(digits: str) -> bytes:
        return f"POST / HTTP/1.1\r\nContent-Length: {digits}\r\n\r\nbody".encode()

    limit = str(len("Content-Length: 04\r\n"))
    with pair(tmp_path_factory.mktemp("limits"), "--limit-request-field_size", limit) as both:
        assert statuses(both.answers_remembered(request("04"))) == [200]
        assert statuses(both.answers(request("004"))) == [431]


def test_gunicorn_must_have_found_the_same_length() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 4"
    for found, is_plain in (["4"], True), (["5"], False), (["4", "4"], False), ([], False):
        headers = [("CONTENT-LENGTH", value) for value in found]
        request = SimpleNamespace(headers=headers, should_close=lambda: False)
        assert heads._is_plain(head, request, b"4") is is_plain
