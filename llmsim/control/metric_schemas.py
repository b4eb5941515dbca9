"""What `GET /llmsim/stats` gives."""

from __future__ import annotations

from marshmallow import Schema, fields

from llmsim.control.schemas import described


def _number(text: str) -> fields.Integer:
    return fields.Integer(required=True, metadata=described(text))


def _ms(text: str) -> fields.Float:
    return fields.Float(required=True, allow_none=True, metadata=described(text))


def _by(text: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata=described(text)
    )


class StatsAnswer(Schema):
    """What all workers of this host have counted since its server started.

    A request is counted when its answer ends. Requests for anything below an API's base URL count,
    also those that take no turn.
    """

    uptime_secs = _number("Seconds since the server began to count.")
    total_requests = _number("Requests that were answered.")
    active_requests = _number("Requests that are being answered now, streams among them.")
    active_streams = _number("Streams that are on their way now.")
    streaming_requests = _number("Requests that asked for a stream.")
    non_streaming_requests = _number("Requests that did not.")
    completions_requests = _number("Requests to OpenAI's Chat Completions.")
    responses_requests = _number("Requests to OpenAI's Responses and to OpenResponses.")
    messages_requests = _number("Requests to Anthropic's Messages.")
    requests_by_api = _by("Requests by the name of the API.")
    requests_by_status = _by(
        "Requests by the HTTP status of their answer; `none` where the script gives none."
    )
    prompt_tokens = _number("Tokens of the prompts that got an answer of the script.")
    completion_tokens = _number("Tokens of those answers.")
    total_tokens = _number("Both together.")
    total_errors = _number(
        "Answers with a status of 400 or above, and requests that got none: those of the script "
        "among them."
    )
    rate_limit_errors = _number("Answers with the status 429.")
    server_errors = _number("Answers with a status of 500 or above, but for 504.")
    timeout_errors = _number("Answers with the status 504.")
    aborted = _number("Answers that the client left before their end.")
    faults = _number("Faults of turns that befell an answer, and errors that were injected.")
    expectations_failed = _number("Conditions of turns that their requests did not meet.")
    protocol_violations = _number("What the real API would refuse of the requests.")
    requests_per_second = fields.Float(
        required=True,
        metadata=described(
            "Answered requests a second, over the last minute, or since the start if that is less."
        ),
    )
    avg_latency_ms = fields.Float(
        required=True,
        metadata=described(
            "Milliseconds from a request to the last part of its answer: the mean, 0 before the "
            "first one. Waits that the script asks for are part of it."
        ),
    )
    min_latency_ms = _ms("The shortest of them; null before the first one.")
    max_latency_ms = _ms("The longest of them.")
    p50_latency_ms = _ms("The median of them, read from a histogram: off by a fifth at most.")
    p90_latency_ms = _ms("Nine of ten were shorter.")
    p99_latency_ms = _ms("All but one of a hundred were shorter.")
    p50_ttft_ms = _ms(
        "Milliseconds from a request to the first content of its stream: the median, read from a "
        "histogram. null before the first stream."
    )
    p90_ttft_ms = _ms("Nine of ten were shorter.")
    p99_ttft_ms = _ms("All but one of a hundred were shorter.")
    model_requests = _by(
        "Requests by the model that they named: a hundred models, those beyond as `other`."
    )
    sessions = fields.Integer(
        required=True,
        allow_none=True,
        metadata=described(
            "Sessions there are; with Redis those of all hosts. null where the store is out of "
            "reach."
        ),
    )
    journal_dropped = fields.Integer(
        required=True,
        allow_none=True,
        metadata=described(
            "Journal entries that found no room; with Redis those of all hosts. null where the "
            "store is out of reach."
        ),
    )
