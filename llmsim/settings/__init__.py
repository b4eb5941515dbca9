"""The settings: what there is, and what is in force."""

from llmsim.settings.fields import (
    ALLOW,
    CHECKS,
    FIELDS,
    OFF,
    REFUSE,
    REPORT,
    WORKER_CLASSES,
    Settings,
)
from llmsim.settings.load import (
    CONFIG_VARIABLE,
    URL_VARIABLE,
    config_dir,
    load,
    unknown_variables,
)

__all__ = [
    "ALLOW",
    "CHECKS",
    "CONFIG_VARIABLE",
    "FIELDS",
    "OFF",
    "REFUSE",
    "REPORT",
    "URL_VARIABLE",
    "WORKER_CLASSES",
    "Settings",
    "config_dir",
    "load",
    "unknown_variables",
]
