"""A verdict as a JUnit report, which CI systems show: a case for each session or conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from llmsim.verdict import Verdict, text
from llmsim.verdict.model import Reason
from llmsim.verdict.summary import Summary


class _Case(NamedTuple):
    """A test case: it failed where there are reasons."""

    name: str
    reasons: tuple[Reason, ...]


def report(found: Verdict | Summary) -> bytes:
    """The report as XML."""
    name, cases = (
        (f"session {found.session}", _of_session(found))
        if isinstance(found, Verdict)
        else (f"sessions {found.prefix}*", _of_sessions(found))
    )
    listed = [*cases]
    suite = Element("testsuite", name=name, tests=str(len(listed)))
    suite.set("failures", str(sum(bool(case.reasons) for case in listed)))
    for case in listed:
        _add(suite, name, case)
    SubElement(suite, "system-out").text = "\n".join(text.lines(found))
    suites = Element("testsuites")
    suites.append(suite)
    written: bytes = tostring(suites, "utf-8", xml_declaration=True)
    return written


def _of_session(found: Verdict) -> Iterator[_Case]:
    """A case for each conversation, and one for what is of none; without any, for the session."""
    conversations = found.conversations.page if found.conversations else ()
    if found.reasons or not conversations:
        yield _Case(found.session, found.reasons)
    yield from (_Case(each.conversation, each.reasons) for each in conversations)


def _of_sessions(found: Summary) -> Iterable[_Case]:
    return (_Case(each.session, (each.reason,) if each.reason else ()) for each in found.page)


def _add(suite: Element, name: str, case: _Case) -> None:
    added = SubElement(suite, "testcase", classname=f"llmsim.{name}", name=case.name)
    if case.reasons:
        said = [text.said(reason) for reason in case.reasons]
        failure = SubElement(added, "failure", type=case.reasons[0].kind, message=said[0])
        failure.text = "\n".join(said)
