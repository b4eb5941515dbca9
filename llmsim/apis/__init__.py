"""The APIs that llmsim speaks, each a renderer and the routes that post to it. Pure.

No Flask, no socket, no clock.

A new API is a folder with a `Renderer`, and a line in `APIS`.
"""

from typing import NamedTuple

from llmsim.apis.anthropic.renderer import AnthropicRenderer
from llmsim.apis.chat.renderer import ChatRenderer
from llmsim.apis.renderer import Renderer
from llmsim.apis.responses.openresponses import OpenResponsesRenderer
from llmsim.apis.responses.renderer import ResponsesRenderer


class Api(NamedTuple):
    """One provider's API."""

    renderer: Renderer
    routes: tuple[str, ...]


# Each below its API's prefix, with the version and without (some clients take either base URL for
# the whole of it), and below the bare `/v1`.
APIS: tuple[Api, ...] = (
    Api(
        ChatRenderer(),
        ("/openai/v1/chat/completions", "/openai/chat/completions", "/v1/chat/completions"),
    ),
    Api(ResponsesRenderer(), ("/openai/v1/responses", "/openai/responses", "/v1/responses")),
    Api(OpenResponsesRenderer(), ("/openresponses/v1/responses", "/openresponses/responses")),
    Api(AnthropicRenderer(), ("/anthropic/v1/messages", "/anthropic/messages", "/v1/messages")),
)


def renderer_for(path: str) -> Renderer:
    """The renderer whose routes have most in common with `path`.

    It gives the dialect for an error below an API's prefix.
    """
    parts = path.split("/")

    def in_common(api: Api) -> int:
        return max(_common_parts(parts, route.split("/")) for route in api.routes)

    return max(APIS, key=in_common).renderer


def _common_parts(parts: list[str], others: list[str]) -> int:
    pairs = list(zip(parts, others, strict=False))
    different = (at for at, (one, other) in enumerate(pairs) if one != other)
    return next(different, len(pairs))
