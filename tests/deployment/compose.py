"""The compose file as compose reads it: anchors merged, variables filled in."""

import re
from typing import Any

import yaml

from clinicpay.embedded.paths import PROJECT

FILE = PROJECT / "docker-compose.yml"
EXAMPLE = PROJECT / ".env.example"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:[-?])([^}]*))?\}")


def compose() -> dict[str, Any]:
    """All of it, with the variables still in place."""
    return yaml.safe_load(FILE.read_text())


def services() -> dict[str, Any]:
    """What runs."""
    return compose()["services"]


def ours() -> dict[str, Any]:
    """The services that run our own image."""
    return {name: service for name, service in services().items() if "build" in service}


def example() -> dict[str, str]:
    """The example of .env."""
    lines = (line.partition("=") for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in lines}


def filled(text: str, values: dict[str, str]) -> str:
    """The text with its variables, as compose would write it."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1]) or (found[3] if found[2] == ":-" else "")

    return VARIABLE.sub(value, text).replace("$$", "$")


def environment(service: str, values: dict[str, str]) -> dict[str, str]:
    """What a service's processes find in their environment."""
    return {name: filled(str(value), values) for name, value in services()[service].get("environment", {}).items()}


def command(service: str) -> str:
    """The command of a service as one text."""
    said = services()[service].get("command", [])
    return said if isinstance(said, str) else " ".join(str(word) for word in said)
