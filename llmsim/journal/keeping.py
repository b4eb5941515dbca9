"""What a session's options say: above all how much the journal keeps, in the settings' place."""

from __future__ import annotations

from typing import NamedTuple

from llmsim.json_text import ascii_json, parse
from llmsim.settings import Settings
from llmsim.store.base import Store

_REMEMBERED_SESSIONS = 65_536
_UNHEARD_OF = 0, b""

# The names of a session's options; each is left out where the session does not say.
MODE, BODY_LIMIT_KB, PROTOCOL = "journal", "body_limit_kb", "protocol"


class Keeping(NamedTuple):
    """`mode` is `full`, `meta` or `off`; bodies are kept whole up to `body_limit` bytes.

    `protocol` is the session's own word on the protocol check, None where it has none.
    """

    mode: str
    body_limit: int
    protocol: str | None = None

    @classmethod
    def by_default(cls, settings: Settings) -> Keeping:
        """What the settings say."""
        return cls(settings.journal_mode, settings.journal_body_limit_kb * 1024)

    def with_options(self, options: bytes) -> Keeping:
        """The same, but for what a session's options say; `options` is what `written` made."""
        if not options:
            return self
        said = parse(options)
        limit_kb = said.get(BODY_LIMIT_KB)
        limit = self.body_limit if limit_kb is None else limit_kb * 1024
        return Keeping(said.get(MODE) or self.mode, limit, said.get(PROTOCOL))


def written(mode: str | None, body_limit_kb: int | None, protocol: str | None = None) -> bytes:
    """Options as the store keeps them; nothing where there are none."""
    said = {MODE: mode, BODY_LIMIT_KB: body_limit_kb, PROTOCOL: protocol}
    options = {name: value for name, value in said.items() if value is not None}
    return ascii_json(options) if options else b""


class Keepings:
    """What is kept for each session, remembered for as long as its generation lasts."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, bytes]] = {}

    def of(self, session: str, store: Store, default: Keeping) -> tuple[int, Keeping]:
        """What is kept of the session's requests, and the generation for which that holds.

        The generation is the last one that was heard of. It may be an old one.

        Raises:
            StoreError: the state is gone.
        """
        generation, _ = self._known.get(session, _UNHEARD_OF)
        generation = generation or store.look(session).generation
        return generation, self.in_generation(generation, session, store, default)

    def in_generation(
        self, generation: int, session: str, store: Store, default: Keeping
    ) -> Keeping:
        """What is kept of the session's requests in that generation.

        Raises:
            StoreError: the state is gone.
        """
        known = self._known.get(session)
        if known is None or known[0] != generation or not generation:
            known = generation, store.options(session)
            if len(self._known) >= _REMEMBERED_SESSIONS:
                self._known.clear()
            self._known[session] = known
        return default.with_options(known[1])
