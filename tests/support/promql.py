"""Queries of the boards, asked of promtool: what they give at a moment of a made-up history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from support.rules import promtool

_CHOSEN = {
    "$window": "6h",
    "$__interval": "5m",
    "$environment": ".*",
    "$location": ".*",
    "$target": "t",
    "$scenario": ".+",
    "$step": ".+",
    "$operation": "send_event",
}
MONITOR = 'instance="i",job="j"'
KNOWN = {
    f'brek_probe_target_info{{{MONITOR},target="t",environment="sandbox",location="here"}}': "1x2000",
    f"brek_monitor_build_info{{{MONITOR}}}": "1x2000",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A history: the values of each series, a minute apart, in promtool's notation."""

    series: dict[str, str]

    def complaint(self, query: str, expected: dict[str, float], at: str) -> str:
        """What promtool says if the query gives other series (by their labels) at that moment; empty if it agrees."""
        for name, value in _CHOSEN.items():
            query = query.replace(name, value)
        case = {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "promql_expr_test": [
                {
                    "expr": query,
                    "eval_time": at,
                    "exp_samples": [{"labels": labels, "value": value} for labels, value in expected.items()],
                }
            ],
        }
        with TemporaryDirectory() as folder:
            file = Path(folder) / "case.yml"
            file.write_text(json.dumps({"tests": [case]}))
            done = promtool("test", "rules", file)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def of_pair(name: str, scenario: str = "s", **labels: str) -> str:
    """A series of target `t` and a scenario, of the one monitor."""
    told = {"target": "t", "scenario": scenario, **labels}
    return f"{name}{{{MONITOR}," + ",".join(f'{label}="{value}"' for label, value in told.items()) + "}"
