"""A page of Anthropic's list of models.

`anthropic.types.ModelListParams`, and `anthropic.pagination.SyncPage` for what the pages are good
for: a client asks for the next one after this one's last id, or for the one before its first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmsim.errors import RequestError
from llmsim.registry import unknown

_LIMIT, _MOST = 20, 1000  # the API's own


def model_page(names: Sequence[str], query: Mapping[str, str]) -> dict[str, Any]:
    """The page that a request's query asks for; `data` holds names of the list `names`.

    Raises:
        RequestError: the limit is no number or out of range, an id is not in the list, or both
            ends are given.
    """
    names = list(dict.fromkeys(names))  # a client that meets a name twice would page for ever
    limit = _limit(query.get("limit"))
    after, before = query.get("after_id"), query.get("before_id")
    if after and before:
        raise RequestError("'after_id' and 'before_id' exclude each other.", param="before_id")
    start, end = 0, len(names)
    if before:
        end = _place(names, before, "before_id")
        start = max(end - limit, 0)
        more = start > 0
    else:
        start = _place(names, after, "after_id") + 1 if after else 0
        more = start + limit < end
    page = names[start:end][:limit]
    ends = (page[0], page[-1]) if page else (None, None)
    return {"data": page, "has_more": more, "first_id": ends[0], "last_id": ends[1]}


def _limit(text: str | None) -> int:
    if not text:
        return _LIMIT
    # Of more digits `int` would take its time, and they are out of range anyway.
    if text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= _MOST:
        return int(text)
    raise RequestError(
        f"'limit' must be an integer from 1 to {_MOST}, got {text[:40]!r}.", param="limit"
    )


def _place(names: Sequence[str], name: str, param: str) -> int:
    if name not in names:
        raise RequestError(f"'{param}': {unknown('model', name[:200], names)}.", param=param)
    return names.index(name)
