"""The operations port of a bot, as those who run it look at it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.standins.processes import free_port


class OperationsPort:
    """The operations port of a bot."""

    def __init__(self) -> None:
        self.number = free_port()

    @property
    def settings(self) -> dict[str, str]:
        return {"OPERATIONS_PORT": str(self.number)}

    def get(self, path: str, *, accept: str = "") -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.number}{path}", headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def readiness(self) -> tuple[int, dict[str, Any]]:
        status, text = self.get("/readyz")
        told: dict[str, Any] = json.loads(text)
        return status, told

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        _, text = self.get("/metrics")
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
