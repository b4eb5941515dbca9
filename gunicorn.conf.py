"""gunicorn's configuration.

All of it is in the package, so that an installed `llmsim serve` runs the same server.
"""

from llmsim.server.gunicorn_config import *  # noqa: F403
