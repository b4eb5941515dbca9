"""The engines: a line each, by the scheme of `store.url`."""

from __future__ import annotations

from importlib import import_module

from llmsim.errors import StartupError
from llmsim.registry import unknown
from llmsim.settings import Settings
from llmsim.store.engine import Engine

# By module: only what is used is imported.
STORES = {
    "mmap": "mmap_engine.MmapEngine",
    "redis": "redis.engine.RedisEngine",
    "rediss": "redis.engine.RedisEngine",
    "unix": "redis.engine.RedisEngine",
}


def engine_of(settings: Settings) -> Engine:
    """The engine that the settings name.

    Raises:
        StartupError: there is none of that name, its URL is wrong, or what it needs is not
            installed.
    """
    scheme = settings.store_url.partition(":")[0]
    if scheme not in STORES:
        raise StartupError(f"store.url (LLMSIM_STORE): {unknown('store', scheme, STORES)}")
    module, _, name = STORES[scheme].rpartition(".")
    try:
        engine: type[Engine] = getattr(import_module(f"llmsim.store.{module}"), name)
    except ImportError as error:
        raise StartupError(
            f"the setting store.url begins with {scheme}:, and {error.name} is not installed: "
            "pip install 'llmsim[redis]'"
        ) from error
    return engine(settings)
