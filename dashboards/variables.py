"""The variables at the top of every board. Their names are fixed: alerts link with `var-target` and `var-scenario`."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from alerts.rulebook.model import Links
from exporter.metrics import HTTP_PHASE_DURATION, RUNS, STEP_DURATION, TARGET_INFO
from probes.words import Operation

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")
WINDOWS = ("15m", "1h", "6h", "1d", "3d", "7d", "28d")
DEFAULT_WINDOW = "6h"
"""At least four intervals of an hourly probe: a shorter window shows none of its runs as a growth."""

BREKWATCH = "${brekwatch}"

Variable = Builder[VariableModel]


def data_source() -> Variable:
    """Which Prometheus is asked."""
    return DatasourceVariable("datasource").label("Data source").type("prometheus")


def environment() -> Variable:
    """Sandbox or production, as targets are configured."""
    return _listed("environment", "Environment", f"label_values({TARGET_INFO.name}, environment)").all_value(".*")


def location() -> Variable:
    """From where is measured."""
    query = f'label_values({TARGET_INFO.name}{{environment=~"$environment"}}, location)'
    return _listed("location", "Location", query).all_value(".*")


def target() -> Variable:
    """The targets of these environments and locations. "All" means those listed, so that the two narrow it."""
    places = 'environment=~"$environment",location=~"$location"'
    return _listed("target", "Target", f"label_values({TARGET_INFO.name}{{{places}}}, target)")


def scenario(default: str = "") -> Variable:
    """The scenarios played there; all of them, or one to begin with."""
    return _scenario(default)


def scenario_passed_on() -> Variable:
    """The same, unseen: nothing on the board knows scenarios, but the next board is to open with what was chosen."""
    return _scenario("").hide(VariableHide.HIDE_VARIABLE)


def step() -> Variable:
    """The steps of the chosen scenarios; a panel is repeated for each."""
    query = f'label_values({STEP_DURATION.name}_count{{target=~"$target",scenario=~"$scenario"}}, step)'
    return _listed("step", "Step", query)


def operation() -> Variable:
    """One kind of request: the phases of different ones don't add up."""
    query = f'label_values({HTTP_PHASE_DURATION.name}_count{{target=~"$target"}}, operation)'
    chosen = VariableOption(selected=True, text=Operation.SEND_EVENT, value=Operation.SEND_EVENT)
    return _listed("operation", "Operation", query).multi(multi=False).include_all(include_all=False).current(chosen)


def window() -> Variable:
    """How far every count looks back."""
    chosen = VariableOption(selected=True, text=DEFAULT_WINDOW, value=DEFAULT_WINDOW)
    options = [VariableOption(selected=each == DEFAULT_WINDOW, text=each, value=each) for each in WINDOWS]
    return CustomVariable("window").label("Window").values(",".join(WINDOWS)).current(chosen).options(options)


def brekwatch() -> Variable:
    """Where the pages of the service are. Hidden: set by an export, not by hand."""
    return ConstantVariable("brekwatch").value(Links().external_url)


def _scenario(default: str) -> QueryVariable:
    query = f'label_values({RUNS.name}{{target=~"$target"}}, scenario)'
    return _listed("scenario", "Scenario", query, default).all_value(".+")


def _listed(name: str, label: str, query: str, default: str = "") -> QueryVariable:
    text, value = (default, default) if default else ("All", "$__all")
    return (
        QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(query)
        .definition(query)
        .multi(multi=True)
        .include_all(include_all=True)
        .current(VariableOption(selected=True, text=[text], value=[value]))
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
