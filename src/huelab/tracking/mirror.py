"""Mirrors trained and evaluated colorizers into MLflow, as often as one likes: what is there already is left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection

from huelab import params as params_file
from huelab.run_lock import hold
from huelab.tracking import address, judged, provenance, registry, results, runs, succession, views, writing
from huelab.tracking.champion import Source
from huelab.tracking.database import Tracking, end_abandoned, tracking
from huelab.tracking.runs import PRESENT

Say = Callable[[str], None]

_LOCK_SECONDS = 600.0


def sync(*, say: Say, promote: bool | None = None) -> list[str]:
    """Mirrors every colorizer of params.yaml that is trained and evaluated, registers the learned ones and decides who is champion.

    Idempotent: unchanged results are found by their content and left alone, also when DVC restored them from its cache; what was lost of
    them is written again. Gives the ids of the runs that stand for the present results. Raises HuelabError where MLflow cannot be used;
    damaged results are named and left out. `promote`: True for `huelab promote`, which also says why; None asks registry.auto.
    """
    settings = params_file.load()
    found = results.present(settings.models, say)
    if not found:
        say("nothing to mirror: no colorizer is trained and evaluated yet (make run)")
        return []
    leaderboard, experiment = results.leaderboard(), provenance.experiment()
    seen = judged.read(say)
    with hold("tracking", wait=_LOCK_SECONDS), tracking(settings.registry.experiment, say=say) as mlflow:
        if ended := end_abandoned(mlflow):
            say(f"marked {ended} run(s) as killed that an earlier process left unfinished")
        parents: dict[str, str] = {}
        for data_hash in dict.fromkeys(result.data_hash for result in found):
            some = [result for result in found if result.data_hash == data_hash]
            parents[data_hash], _ = writing.put(mlflow, runs.of_comparison(some, leaderboard, experiment=experiment))
        numbers: dict[str, str] = {}
        new: dict[str, writing.Wanted] = {}
        for result in found:
            wanted = runs.of_result(result, experiment=experiment, parent=parents[result.data_hash])
            number, is_new = writing.put(mlflow, wanted)
            numbers[result.name] = number
            new |= {number: wanted} if is_new else {}
        _mark_former(mlflow, parents.values(), numbers.values())
        views.offer(mlflow, found, leaderboard)
        say(f"{len(found)} colorizers mirrored, {len(new)} of them new")
        sources = {result.content: Source.of_work(result.saved) for result in found}
        for version in registry.fill_again(mlflow, sources, settings.registry.model):
            say(f"{version} had lost its files in MLflow: stored again")
        candidates = [(result, numbers[result.name]) for result in found if result.may_be_champion]
        succession.update(mlflow, candidates, settings, promote=promote, say=say)
        judged.write(mlflow, seen, settings.registry.model)
        for number, wanted in new.items():
            writing.end(mlflow, number, wanted)
        return list(numbers.values())


def _mark_former(mlflow: Tracking, parents: Collection[str], present: Collection[str]) -> None:
    """Tells results apart that bear one name: those of these comparisons which the files no longer hold are not the present ones."""
    mine = {} if address.is_own() else writing.here()
    for parent in parents:
        query = writing.having({writing.PARENT: parent, PRESENT: "true", **mine})
        for run in mlflow.client.search_runs([mlflow.experiment], query, max_results=1000):
            if run.info.run_id not in present:
                mlflow.client.set_tag(run.info.run_id, PRESENT, "false")
