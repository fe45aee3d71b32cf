"""Ready-made views for MLflow's pages: under "Views", the colorizers with the columns and charts that compare them, without any clicking.

MLflow keeps what its button "Save as new view" saves as a tag of the experiment; another release of its pages that reads it otherwise
leaves such a view out, and loses nothing else.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from huelab.tracking.database import Tracking
from huelab.tracking.results import Result

_PREFIX = "mlflow.sharedViewState."
_LONGEST = 5000
"""Characters that MLflow keeps of an experiment's tag."""
_RUNS = 20
"""Most runs of one chart."""
_MORE_COLUMNS = 5

_FILTERS = {
    "learned": ("huelab: learned colorizers", 'tags.present = "true" and tags.kind = "learned"'),
    "floors": (
        "huelab: learned colorizers and floors",
        'tags.present = "true" and tags.kind != "comparison" and tags.kind != "one picture"',
    ),
}
"""Key -> name of the view and which runs it shows."""

_STATE = {
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "columnOrder": [],
    "columnWidths": {},
    "runsHiddenMode": "SHOWALL",
    "viewMaximized": False,
    "runListHidden": False,
    "isAccordionReordered": True,
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "groupBy": None,
    "groupsExpanded": {},
    "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
}
"""What such a view says beside filter, order, columns and charts: as a new one does."""


def offer(mlflow: Tracking, found: Sequence[Result], leaderboard: Mapping[str, Any]) -> None:
    """Makes the views, or brings them up to date with the metrics there are."""
    metrics = list(dict.fromkeys(name for result in found for name in result.metrics()))
    sort = str(leaderboard.get("sort") or "")
    metrics.sort(key=lambda name: name != sort)
    better = {str(metric["name"]): metric.get("better") for metric in leaderboard.get("metrics", [])}
    names = {name for result in found for name, _, _ in result.curves() if name != "epoch"}
    curves = sorted(names, key=lambda name: (not name.startswith("val_"), name))
    tags = mlflow.client.get_experiment(mlflow.experiment).tags
    for key, (name, runs) in _FILTERS.items():
        state = {**_STATE, "searchFilter": runs, **_order(metrics, better), **_columns(metrics), **_charts(metrics, curves)}
        if tags.get(_PREFIX + key) != (tag := _tag(name, state)):
            mlflow.client.set_experiment_tag(mlflow.experiment, _PREFIX + key, tag)


def _order(metrics: Sequence[str], better: Mapping[str, Any]) -> dict[str, Any]:
    by = f"metrics.`test_{metrics[0]}`" if metrics else "attributes.start_time"
    return {"orderByKey": by, "orderByAsc": bool(metrics) and better.get(metrics[0]) != "higher"}


def _columns(metrics: Sequence[str]) -> dict[str, Any]:
    """What decides, with its interval; the other metrics can be had by the button Columns, and all of them are charts."""
    numbers = [f"{name}{end}" for one in metrics[:1] for name in (f"test_{one}", f"versus_gray/{one}") for end in ("", "_low", "_high")]
    numbers += [f"test_{name}" for name in metrics[1:_MORE_COLUMNS]]
    return {"selectedColumns": [*(f"metrics.`{name}`" for name in numbers), "tags.`tied_with_best`", "tags.`family`"]}


def _charts(metrics: Sequence[str], curves: Sequence[str]) -> dict[str, Any]:
    """Bars of scores, differences and cost, lines of the curves; as many as fit into a tag."""
    against = [f"versus_{other}/{name}{end}" for name in metrics[:1] for other in ("gray", "best") for end in ("", "_low", "_high")]
    sections = {
        "Test scores": [_bar(f"test_{name}") for name in metrics],
        "Curves": [_line(name) for name in curves],
        "Difference from gray and from the best, with its interval": [_bar(name) for name in against],
        "Cost": [_bar(name) for name in ("seconds", "parameters", "peak_memory")],
    }
    named = {title: f"section-{number}" for number, title in enumerate(sections)}
    shown = {"display": True, "isReordered": True, "deleted": False, "isGenerated": False}
    charts = [
        {**chart, "uuid": f"{named[title]}-{number}", "metricSectionId": named[title]}
        for title, some in sections.items()
        for number, chart in enumerate(some)
    ]
    return {
        "compareRunSections": [{"uuid": number, "name": title, **shown} for title, number in named.items()],
        "compareRunCharts": charts,
    }


def _bar(metric: str) -> dict[str, Any]:
    return {"type": "BAR", "runsCountToCompare": _RUNS, "deleted": False, "isGenerated": False, "displayName": metric, "metricKey": metric}


def _line(metric: str) -> dict[str, Any]:
    axes = {"lineSmoothness": 0, "xAxisScaleType": "linear", "scaleType": "linear", "range": {}, "xAxisKey": "step", "yAxisKey": "metric"}
    more = {"selectedXAxisMetricKey": "", "yAxisExpressions": [], "ignoreOutliers": False, "selectedMetricKeys": [metric]}
    return {**_bar(metric), "type": "LINE", **axes, **more, "useGlobalXaxisKey": True, "useGlobalLineSmoothing": True}


def _tag(name: str, state: dict[str, Any]) -> str:
    """As MLflow's pages write it; with fewer charts where there are more than a tag can hold."""
    while True:
        packed = base64.b64encode(zlib.compress(json.dumps(state, separators=(",", ":")).encode(), 9)).decode()
        text = json.dumps({"name": name, "createdAt": 0, "updatedAt": 0, "state": f"deflate;{packed}"})
        if len(text) <= _LONGEST or not state["compareRunCharts"]:
            return text
        state = {**state, "compareRunCharts": state["compareRunCharts"][:-1]}
