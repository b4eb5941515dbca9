"""Text that is no JSON: the words say how to mend it, at the place to mend."""

from __future__ import annotations

import pytest

from llmsim.errors import ScriptParseError
from llmsim.script import Script
from tests.each import for_each

COMMENT = "JSON has no comments; remove it, or use the key 'comment' of a turn"
EMPTY = 'it is empty; a script is an object: {"turns": [...]}'
YAML = 'it looks like YAML; a script is JSON: {"turns": [...]}'
QUOTES = 'keys and texts stand in double quotes (")'
LINE_BREAK = r"a line break inside a text; write \n, or close the text with a quote"
INNER_QUOTE = r"the text has ended before this; write \" for a quote inside a text"

CASES = [
    ("[1,]", "1:3", "a comma stands before ']'; remove it"),
    ('{"a": 1,}', "1:8", "a comma stands before '}'; remove it"),
    ("[1, 2\n,\n ]", "2:1", "a comma stands before ']'; remove it"),
    ("[1 2]", "1:4", "a comma is missing before this"),
    ('{"a": 1\n "b": 2}', "2:2", "a comma is missing before this"),
    ("[1 null]", "1:4", "a comma is missing before this"),
    ('{"a" 1}', "1:6", "a colon is missing before this"),
    ("[1, // one\n2]", "1:5", COMMENT),
    ("[1 /* one */]", "1:4", COMMENT),
    ('{"a": 1, # one\n"b": 2}', "1:10", COMMENT),
    ("// a script\n{}", "1:1", COMMENT),
    ("# a script\n{}", "1:1", COMMENT),
    ("{} // end", "1:4", COMMENT),
    ("{'a': 1}", "1:2", QUOTES),
    ("['a']", "1:2", QUOTES),
    ("[“a”]", "1:2", QUOTES),
    ("{turns: []}", "1:2", f'{QUOTES}: "turns"'),
    ("[True]", "1:2", "write true, not True"),
    ('{"a":\n False}', "2:2", "write false, not False"),
    ('{"a": None}', "1:7", "write null, not None"),
    ('{"a": undefined}', "1:7", "write null, not undefined"),
    ("{True: 1}", "1:2", f'{QUOTES}: "True"'),
    ('["a\nb"]', "1:4", LINE_BREAK),
    ('["a\r\nb"]', "1:4", LINE_BREAK),
    ('["a\tb"]', "1:4", r"a tab inside a text; write \t"),
    ('["a\x01b"]', "1:4", r"a control character inside a text; write \u0001"),
    ('["abc', "1:2", "the text that begins here has no closing quote"),
    (r'["a \d"]', "1:5", r"after a backslash stands one of \"\/bfnrtu; write \\ for a backslash"),
    (r'["\u12"]', "1:4", r"\u is followed by four hex digits, as in \u00e9"),
    ('{"a": "He said "hi" to me"}', "1:17", INNER_QUOTE),
    ("", "1:1", EMPTY),
    (" \n\n", "3:1", EMPTY),
    ("turns:\n  - type: assistant", "1:1", YAML),
    ("# a script\nturns:\n - a", "1:1", YAML),
    ("---\nturns", "1:1", YAML),
    ("- type: assistant", "1:1", YAML),
    ('{"turns": [{"a": "}"', "1:21", "it ends too early: '}]}' is missing at the end"),
    ("[1}", "1:3", "'}' stands where ']' or a comma is expected"),
    ('{"a": 1]', "1:8", "']' stands where '}' or a comma is expected"),
    ("[1,, 2]", "1:4", "a value is missing before ','"),
    ('{"a":}', "1:6", "a value is missing before '}'"),
    ('{"a": 1}}', "1:9", "the script has ended before this; remove what follows"),
    ('{"a": .5}', "1:7", "Expecting value"),
]


@for_each(("text", "place", "message"), CASES)
def test_the_words_say_how_to_mend_it_and_where(text: str, place: str, message: str) -> None:
    for given in (text, text.encode()):
        with pytest.raises(ScriptParseError) as caught:
            Script.from_json(given, "s")
        assert str(caught.value) == f"s:{place}: $: not JSON: {message}"
