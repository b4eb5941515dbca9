"""The files in `config/deploy` for many hosts, as far as they can be tried without containers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmsim.settings import Settings, unknown_variables
from tests.redis_server import needs
from tests.running import ROOT

DEPLOY = ROOT / "config" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
MANIFESTS: dict[tuple[str, str], dict[str, Any]] = {
    (one["kind"], one["metadata"]["name"]): one
    for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
}
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
PORT = int(Settings().bind.rpartition(":")[2])
DURABLE = ["--appendonly", "yes", "--appendfsync", "always"]


def pod(kind: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pods that a manifest makes, and their one container."""
    spec = MANIFESTS[kind, name]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container["env"]}


def test_every_variable_is_a_setting() -> None:
    for environment in (
        COMPOSE["services"]["llmsim"]["environment"],
        variables(pod("Deployment", "llmsim")[1]),
    ):
        assert unknown_variables(environment) == []
        assert environment["LLMSIM_STORE"].startswith("redis://")


def test_hosts_find_their_redis_and_what_they_need_is_started_before() -> None:
    services = COMPOSE["services"]
    assert services["llmsim"]["environment"]["LLMSIM_STORE"] == "redis://redis:6379"
    assert set(services["llmsim"]["depends_on"]) == {"redis"}
    assert set(services["nginx"]["depends_on"]) == {"llmsim"}
    url = variables(pod("Deployment", "llmsim")[1])["LLMSIM_STORE"]
    _, redis = pod("StatefulSet", "llmsim-redis")
    service = MANIFESTS["Service", "llmsim-redis"]["spec"]
    assert url.endswith(f"@llmsim-redis:{service['ports'][0]['port']}")
    assert redis["ports"] == [{"containerPort": service["ports"][0]["port"]}]


def test_a_service_selects_the_pods_of_its_name() -> None:
    for (kind, name), manifest in MANIFESTS.items():
        if kind != "Service":
            assert manifest["spec"]["selector"]["matchLabels"] == {"app": name}
            assert manifest["spec"]["template"]["metadata"]["labels"] == {"app": name}
            assert MANIFESTS["Service", name]["spec"]["selector"] == {"app": name}


def test_redis_writes_before_it_answers() -> None:
    assert COMPOSE["services"]["redis"]["command"] == ["redis-server", *DURABLE]
    assert pod("StatefulSet", "llmsim-redis")[1]["args"][:4] == DURABLE


def test_the_ports_are_the_one_that_is_served() -> None:
    service = MANIFESTS["Service", "llmsim"]["spec"]["ports"][0]
    _, container = pod("Deployment", "llmsim")
    probe = container["readinessProbe"]["httpGet"]
    assert {service["targetPort"], container["ports"][0]["containerPort"], probe["port"]} == {PORT}
    assert probe["path"] == "/health"
    assert f"server llmsim:{PORT};" in NGINX
    listened = re.search(r"listen (\d+);", NGINX)
    assert listened
    assert COMPOSE["services"]["nginx"]["ports"] == [f"127.0.0.1:{PORT}:{listened[1]}"]


def test_prometheus_finds_the_metrics_of_each_pod() -> None:
    annotations = MANIFESTS["Deployment", "llmsim"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(PORT),
        "prometheus.io/path": "/metrics",
    }


def test_what_is_mounted_is_there_and_is_what_is_played() -> None:
    (volume,) = COMPOSE["services"]["llmsim"]["volumes"]
    default = re.fullmatch(r"\$\{LLMSIM_SCRIPT:-(.*)\}:(/script.json):ro", volume)
    assert default
    assert (DEPLOY / default[1]).is_file()
    assert COMPOSE["services"]["llmsim"]["environment"]["LLMSIM_SCRIPT_PATH"] == default[2]
    (mounted,) = COMPOSE["services"]["nginx"]["volumes"]
    assert (DEPLOY / mounted.split(":")[0]).is_file()
    build = COMPOSE["services"]["llmsim"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_pods_get_the_time_that_a_stop_takes() -> None:
    spec, _ = pod("Deployment", "llmsim")
    assert spec["terminationGracePeriodSeconds"] > Settings().graceful_timeout


@pytest.mark.slow
def test_nginx_takes_its_configuration_and_never_sends_a_turn_twice(tmp_path: Path) -> None:
    assert "non_idempotent;" not in NGINX.replace("never non_idempotent", "")
    assert f"client_max_body_size {Settings().max_body_mb}m;" in NGINX
    # There is nobody of that name here.
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"pid {tmp_path}/pid;\n" + NGINX.replace("server llmsim:", "server 127.0.0.1:")
    )
    command = [needs("nginx", "nginx"), "-t", "-e", str(tmp_path / "log"), "-c", str(configuration)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
