"""Where MLflow has a colorizer, by the SHA-256 of its weights: a survey keeps it beside the pictures it shows."""

from __future__ import annotations

from collections.abc import Collection

from huelab import params as params_file
from huelab import paths
from huelab.errors import HuelabError
from huelab.survey.lineage import Tracked
from huelab.tracking import address


def of_weights(weights: Collection[str]) -> dict[str, Tracked]:
    """SHA-256 -> its newest run and registered version; without those that were not mirrored. Makes no database where there is none.

    Raises HuelabError where MLflow cannot be used.
    """
    wanted = sorted(set(weights) - {""})
    if not wanted or (address.is_own() and not paths.tracking_database().is_file()):
        return {}
    from huelab.tracking import registry  # loads torch, which most studies can do without
    from huelab.tracking.database import tracking

    settings = params_file.load().registry
    with tracking(settings.experiment) as mlflow:
        versions: dict[str, int] = {}
        for one, _ in registry.tagged(mlflow, settings.model):
            versions[one.weights] = max(one.version, versions.get(one.weights, 0))
        found = {}
        for sha256 in wanted:
            query = f"params.weights_sha256 = '{sha256}'"
            runs = mlflow.client.search_runs([mlflow.experiment], query, order_by=["attributes.start_time DESC"], max_results=1)
            run = str(runs[0].info.run_id) if runs else ""
            if run or sha256 in versions:
                found[sha256] = Tracked(run, str(versions.get(sha256, "")))
        return found


def told(weights: Collection[str]) -> tuple[dict[str, Tracked], str]:
    """As `of_weights`, and why nothing is known where MLflow cannot be used: a study can be made all the same."""
    try:
        return of_weights(weights), ""
    except HuelabError as error:
        return {}, f"MLflow's runs and versions are not noted with the study: {error}"
