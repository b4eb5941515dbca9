"""What a server does not need to start, it leaves until it is asked for."""

from __future__ import annotations

import subprocess
import sys

from tests.running import ROOT


def run(code: str) -> str:
    return subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)


def test_what_few_servers_need_is_not_imported() -> None:
    code = (
        "import sys, llmsim.app, llmsim.server.gunicorn_config\n"
        "names = ('apispec', 'prometheus_client', 'redis', 'watchfiles')\n"
        "print([name for name in names if name in sys.modules])\n"
    )
    assert run(code) == "[]\n"


def test_a_gevent_worker_is_patched_without_a_look_at_every_installed_package() -> None:
    code = (
        "from importlib import metadata\n"
        "from llmsim.server.workers.gevent_worker import GeventWorker\n"
        "looks = []\n"
        "look = metadata.entry_points = lambda **group: looks.append(group)\n"
        "worker = GeventWorker.__new__(GeventWorker)\n"
        "worker.sockets = []\n"
        "worker.patch()\n"
        "from gevent import monkey\n"
        "print(looks, monkey.is_module_patched('socket'), metadata.entry_points is look)\n"
    )
    assert run(code) == "[] True True\n"


def test_garbage_is_collected_from_the_first_worker_on_and_what_a_start_made_is_left_alone() -> (
    None
):
    code = (
        "import gc\n"
        "from llmsim.server.lifecycle import Lifecycle, _prepare_for_fork\n"
        "from llmsim.settings import Settings\n"
        "Lifecycle(Settings())\n"
        "configured = gc.isenabled()\n"
        "gc.disable()\n"
        "_prepare_for_fork()\n"
        "print(configured, gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
    )
    assert run(code) == "True True True\n"


def test_a_command_imports_what_it_needs_and_not_what_others_do() -> None:
    code = (
        "import sys, llmsim.cli\n"
        "try: llmsim.cli.main(['serve', '--help'])\n"
        "except SystemExit: print()\n"
        "print([name for name in sys.modules if name.startswith('llmsim.playback')])\n"
    )
    assert run(code).splitlines()[-1] == "[]"
