"""Rate limits: what a request takes of them, and what it is told.

A limit is a bucket that empties as time passes (GCRA). The store keeps how full it is as the time
that it takes to empty, in microseconds, and takes from it in one step with the turn.
"""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Final

from llmsim.allowance import REQUESTS, TOKENS, Allowance
from llmsim.conversation import Request
from llmsim.errors import LimitedError
from llmsim.playback.taken import Taken
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Failure, Reply
from llmsim.script.limits import KEY, Limits
from llmsim.store.base import Claim, Limit, Seen, Store, Take
from llmsim.usage import prompt_tokens, usage_of

MINUTE: Final = 60_000_000  # microseconds
_SECOND: Final = 1_000_000
_REASONS: Final = {REQUESTS: "limited_requests", TOKENS: "limited_tokens"}


class RateLimit:
    """So many requests or tokens a minute."""

    def __init__(self, what: str, per_minute: int) -> None:
        self.what = what
        self.per_minute = per_minute
        # Of requests exactly so many pass at once; tokens come in such numbers that the part of a
        # microsecond which a request may gain is nothing.
        each = MINUTE // per_minute * per_minute
        self._window = each if what == REQUESTS else MINUTE

    def cost(self, number: int) -> int:
        """What so many take, in microseconds."""
        return number * self._window // self.per_minute

    def limit(self, caller: bytes, number: int) -> Limit:
        """What the store is to take for so many of a caller."""
        key = blake2b(f"{self.what}\0{self.per_minute}\0".encode() + caller, digest_size=16)
        return Limit(key.digest(), self.cost(number), self._window)

    def allowance(self, used: int) -> Allowance:
        """What is left, where so many microseconds are used up."""
        left = max(self._window - used, 0) * self.per_minute // self._window
        return Allowance(self.what, self.per_minute, left, used / _SECOND)

    def refusal(self, number: int, wait: int) -> Failure:
        """What a request gets that may be asked again in so many microseconds."""
        if number > self.per_minute:
            message = (
                f"Request too large: it takes {number} {self.what}, and {self.per_minute} are "
                "allowed in a minute."
            )
            return _failure(message, 60, {"x-should-retry": "false"})
        milliseconds = math.ceil(wait / 1000)
        message = (
            f"Rate limit reached: {self.per_minute} {self.what} are allowed in a minute. Please "
            f"try again in {milliseconds / 1000:g}s."
        )
        # The SDKs read the milliseconds first; whole seconds are for all others.
        exact = {"retry-after-ms": str(milliseconds)}
        return _failure(message, math.ceil(milliseconds / 1000), exact)


class RateLimits:
    """The limits of a script."""

    def __init__(self, limits: Limits) -> None:
        self.by_key = limits.by == KEY
        numbers = ((REQUESTS, limits.requests_per_minute), (TOKENS, limits.tokens_per_minute))
        self._rates = tuple(RateLimit(what, number) for what, number in numbers if number)

    def of(self, request: Request, caller: bytes) -> tuple[Limit, ...]:
        """What the request takes with its claim. The answer's tokens are not known before."""
        return tuple(rate.limit(caller, _asked(rate, request)) for rate in self._rates)

    def claimed(self, store: Store, seen: Seen, take: Take, request: Request) -> Claim:
        """The claim of a request that the limits let through.

        Raises:
            WithheldError: they do not.
            MovedError: the session is no longer as it was seen.
        """
        try:
            return store.claim(request.session, seen, take)
        except LimitedError as error:
            raise self._refused(request, take.limits, error.used) from None

    def settled(
        self, store: Store, taken: Taken, request: Request, limits: tuple[Limit, ...]
    ) -> Taken:
        """What was taken, with what is left; the tokens of its answer are taken here."""
        used = list(taken.claim.limits)
        rate, limit = self._rates[-1], limits[-1]
        if rate.what == TOKENS and isinstance(taken.outcome, Reply):
            total = usage_of(request.conversation, taken.outcome).total
            more = limit._replace(cost=max(rate.cost(total) - limit.cost, 0))
            used[-1] = store.charge(request.session, taken.claim.generation, more)
        return taken._replace(allowances=self._allowances(used))

    def _refused(
        self, request: Request, limits: tuple[Limit, ...], used: tuple[int, ...]
    ) -> WithheldError:
        waits = [
            of_one + limit.cost - limit.window for of_one, limit in zip(used, limits, strict=True)
        ]
        wait = max(waits)
        rate = self._rates[waits.index(wait)]
        failure = rate.refusal(_asked(rate, request), wait)
        return WithheldError(failure, _REASONS[rate.what], allowances=self._allowances(used))

    def _allowances(self, used: tuple[int, ...] | list[int]) -> tuple[Allowance, ...]:
        return tuple(rate.allowance(of_one) for rate, of_one in zip(self._rates, used, strict=True))


def _failure(message: str, seconds: int, headers: dict[str, str]) -> Failure:
    code = "rate_limit_exceeded"
    return Failure(429, "rate_limit", message, code, headers=headers, retry_after=seconds)


def _asked(rate: RateLimit, request: Request) -> int:
    return 1 if rate.what == REQUESTS else prompt_tokens(request.conversation)


def limits_of(limits: Limits | None) -> RateLimits | None:
    """What limits a script; None where nothing does."""
    return RateLimits(limits) if limits is not None and limits.is_set else None
