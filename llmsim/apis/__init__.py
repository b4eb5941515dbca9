"""The APIs that llmsim speaks. A new one is a module with a `Renderer`, and a line in `APIS`."""

from llmsim.apis.anthropic_messages import AnthropicRenderer
from llmsim.apis.blueprint import Api
from llmsim.apis.openai_chat import ChatRenderer
from llmsim.apis.openai_responses import ResponsesRenderer
from llmsim.apis.openresponses import OpenResponsesRenderer
from llmsim.apis.renderer import Renderer

APIS: tuple[Api, ...] = (
    Api(ChatRenderer(), ("/openai/v1/chat/completions", "/v1/chat/completions")),
    Api(ResponsesRenderer(), ("/openai/v1/responses", "/v1/responses")),
    Api(OpenResponsesRenderer(), ("/openresponses/v1/responses",)),
    Api(AnthropicRenderer(), ("/anthropic/v1/messages", "/v1/messages")),
)


def renderer_for(path: str) -> Renderer:
    """The renderer whose routes have most in common with `path`: the dialect for an error below an API's prefix."""
    parts = path.split("/")

    def in_common(api: Api) -> int:
        return max(_common_parts(parts, route.split("/")) for route in api.routes)

    return max(APIS, key=in_common).renderer


def _common_parts(parts: list[str], others: list[str]) -> int:
    pairs = zip(parts, others, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(parts), len(others)))
