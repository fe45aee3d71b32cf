"""The command line: huelab --help

Heavy imports stand inside the commands, so that --help answers in a quarter of a second. Exit codes: 0 done, 1 failed, 2 wrong use.
"""

from __future__ import annotations

import signal
import sys
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from huelab import survey_cli
from huelab.errors import HuelabError

app = typer.Typer(
    help="A laboratory for automatic image colorization.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
data_app = typer.Typer(help="Choose and check the photographs.", no_args_is_help=True)
track_app = typer.Typer(help="The MLflow mirror of the results.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(track_app, name="track")
flow_app = typer.Typer(help="New photographs, now or on a schedule: train, compare with the champion, promote.", no_args_is_help=True)
app.add_typer(flow_app, name="flow")
app.add_typer(survey_cli.app, name="survey")


@data_app.command("use")
def data_use(
    source: Annotated[str, typer.Argument(metavar="SRC", help="folder, .zip, .tar(.gz), picture, http(s) archive, s3://… or `samples`")],
    force: Annotated[bool, typer.Option("--force", help="replace data/ even where it holds files that are saved nowhere else")] = False,
) -> None:
    """Train on the photographs in SRC from now on: checks them first, and says what it would reject, before anything changes."""
    from huelab.data import sources

    sources.use(source, say=typer.echo, force=force)


@data_app.command("check")
def data_check(
    source: Annotated[str | None, typer.Argument(metavar="[SRC]", help="like `use`; data/ itself when left out")] = None,
) -> None:
    """Say which photographs would be rejected and why; changes nothing."""
    from huelab.data import sources

    sources.check(source, say=typer.echo)


@data_app.command("status")
def data_status() -> None:
    """Where the photographs come from, and whether data/ still is what was imported."""
    from huelab.data import sources

    sources.status(say=typer.echo)


@app.command("colorize")
def colorize(
    inputs: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="photographs, or folders of them")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write into, or a picture's name for one photograph")] = Path(
        "colorized"
    ),
    model: Annotated[str, typer.Option(help="champion, or the name of a trained colorizer")] = "champion",
    size: Annotated[int | None, typer.Option(min=16, help="shorter side the network sees; as trained when left out")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace results of an earlier run; never an input")] = False,
) -> None:
    """Colour photographs at full resolution: their own lightness is kept, the colours are the model's guess."""
    from huelab.colorize import batch

    outcome = batch.colorize(inputs, output, model=model, size=size, overwrite=overwrite, say=typer.echo, progress=_progress)
    raise typer.Exit(outcome.exit_code)


def _progress(done: int, total: int, name: str) -> None:
    """One line that rewrites itself; nothing where the output is not a terminal."""
    if sys.stderr.isatty():
        text = f"{done}/{total} {name}"[:100] if name else ""
        print(f"\r{text:<100}\r", end="", file=sys.stderr, flush=True)


@app.command("params")
def check_params(file: Annotated[Path | None, typer.Argument(help="params.yaml of this project when left out")] = None) -> None:
    """Check params.yaml: unknown keys, wrong types, values out of range."""
    from huelab import params, paths

    file = file or paths.params_file()
    tree = params.load(file)
    typer.echo(f"{file}: good; {len(tree.models)} colorizers: {', '.join(tree.models)}")


@app.command("models")
def list_models() -> None:
    """The colorizers that params.yaml can name."""
    from huelab import models

    for name in models.NAMES:
        info = models.module(name).INFO
        source = f"{info.paper} ({info.year})" if info.paper else "floor"
        typer.echo(f"{name:10} {info.objective:15} {info.title}: {source}" if info.paper else f"{name:10} {info.objective:15} {info.title}")


@app.command("table")
def table(
    metric: Annotated[list[str] | None, typer.Option(help="a metric to show, as often as you like; all of them when left out")] = None,
) -> None:
    """The leaderboard as Markdown, with parameters and what training cost on this machine."""
    from huelab.evaluation import cost_table

    typer.echo(cost_table.markdown(metric or ()), nl=False)


@app.command("compare")
def compare(
    first: Annotated[str | None, typer.Argument(metavar="A", help="an entry of params.yaml, or a folder of scores of any project")] = None,
    second: Annotated[str | None, typer.Argument(metavar="B", help="what A is compared with, picture by picture")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="a metric to compare in, as often as you like; all that both have")] = None,
) -> None:
    """Whether A and B differ by more than chance. Without A and B: every model against gray, the best and the champion."""
    from huelab.errors import UsageError
    from huelab.evaluation import compare_all, compare_two

    if first is not None and second is None:
        raise UsageError("Name two colorizers to compare, or none: huelab compare beta pix2pix")
    text = compare_two.of_two(first, second, metric or ()) if first and second else compare_all.of_all(metric or ())
    typer.echo(text)


@app.command("experiments")
def list_experiments() -> None:
    """The named sets of parameters that `huelab experiment` runs, and which photographs each is for."""
    from huelab import experiments

    for experiment in experiments.every():
        typer.echo(experiment.name)
        for text in (experiment.about, experiment.photographs):
            typer.echo(textwrap.indent("\n".join(textwrap.wrap(text, 110, break_on_hyphens=False, break_long_words=False)), "    "))


@app.command("experiment")
def run_experiment(
    name: Annotated[str, typer.Argument(help="of experiments/NAME.yaml; `huelab experiments` lists them")],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="a key of params.yaml, e.g. budget.steps=200; as often as you like"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything and say what would change; run nothing")] = False,
) -> None:
    """Run the pipeline with the parameters of experiments/NAME.yaml laid over params.yaml, and keep the result as an experiment of DVC."""
    from huelab import experiments

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it by a signal gets what Ctrl-C gets
    experiments.run(name, assignments=assignments or (), dry_run=dry_run, say=typer.echo)


@track_app.command("sync")
def track_sync() -> None:
    """Mirror every trained and evaluated model into MLflow; what is already there is left alone."""
    from huelab import tracking

    tracking.sync(say=typer.echo)


@app.command("promote")
def promote(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be decided and why; change nothing")] = False,
    to: Annotated[int | None, typer.Option("--to", metavar="VERSION", help="a person's decision: this registered version")] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="the reason for --to")] = "",
) -> None:
    """Judge the challengers by the rule of params.yaml (registry) and make the winner champion; or, with --to, another version."""
    from huelab.tracking import promoting

    promoting.promote(dry_run=dry_run, to=to, why=why, say=typer.echo)


@app.command("rollback")
def rollback(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say who would be champion again; change nothing")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="the reason")] = "",
) -> None:
    """Make the previous champion champion again."""
    from huelab.tracking import promoting

    promoting.rollback(dry_run=dry_run, why=why, say=typer.echo)


Source = Annotated[str | None, typer.Option("--source", metavar="SRC", help="as for `data use`; where data/ came from when left out")]
Promote = Annotated[
    bool | None, typer.Option("--promote/--no-promote", help="may the rule make another champion? as registry.auto when left out")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="stages that may run side by side")]
Pull = Annotated[bool, typer.Option("--pull", help="dvc pull first")]
Push = Annotated[bool, typer.Option("--push", help="dvc push afterwards")]


@flow_app.command("refresh")
def flow_refresh(source: Source = None, promote: Promote = None, jobs: Jobs = 1, pull: Pull = False, push: Push = False) -> None:
    """Look for new photographs now; where there are any, train, compare with the champion, and promote by the rule."""
    raise typer.Exit(_pipeline("refresh", _flow_words(source, promote, jobs, pull, push)))


@flow_app.command("close-survey")
def flow_close_survey(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="of a study; `huelab survey list` shows them")], promote: Promote = None
) -> None:
    """Close a study and take what people saw to the leaderboard, to MLflow and to the promotion rule. Trains nothing."""
    raise typer.Exit(_pipeline("close_survey", [version, *_promote_words(promote)]))


@flow_app.command("serve")
def flow_serve(
    every: Annotated[str | None, typer.Option("--every", metavar="TIME", help="from one refresh to the next: 30m, 1h, 2d")] = None,
    cron: Annotated[str | None, typer.Option("--cron", metavar="CRON", help='a refresh at these times, in UTC: "0 3 * * *"')] = None,
    name: Annotated[str, typer.Option("--name", help="of the deployments; two projects on one server need two")] = "huelab",
    source: Source = None,
    promote: Promote = None,
    jobs: Jobs = 1,
    pull: Pull = False,
    push: Push = False,
) -> None:
    """Offer `refresh` (on a schedule) and `reproduce` to the Prefect server that PREFECT_API_URL names, until it is stopped."""
    when = [word for option, value in (("--every", every), ("--cron", cron)) if value is not None for word in (option, value)]
    raise typer.Exit(_pipeline("serve", [*when, "--name", name, *_flow_words(source, promote, jobs, pull, push)]))


def _flow_words(source: str | None, promote: bool | None, jobs: int, pull: bool, push: bool) -> list[str]:
    from huelab.data import sources

    words = ["--jobs", str(jobs), *(["--pull"] if pull else []), *(["--push"] if push else [])]
    if source is not None:
        words += ["--source", sources.resolve(source).text]  # relative to here: the flow runs in the project's root
    return [*words, *_promote_words(promote)]


def _promote_words(promote: bool | None) -> list[str]:
    return [] if promote is None else ["--promote" if promote else "--no-promote"]


def _pipeline(name: str, words: list[str]) -> int:
    """Runs `python -m pipelines.NAME`, which nothing here may import, to its end; gives its exit code. It ends with this process."""
    from huelab import paths, tether

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it by a signal gets what Ctrl-C gets
    command = [sys.executable, "-m", f"pipelines.{name}", *words]
    child = tether.start(command, cwd=paths.root(), environment=tether.environment())
    failed = False
    assert child.stdout is not None
    try:
        for line in child.stdout:
            failed = failed or line.startswith("error: ")
            typer.echo(line.rstrip("\n"), err=failed)
    except KeyboardInterrupt:
        rest, _ = child.communicate()  # lets go of the tether: a training saves where it is, then everything ends
        typer.echo("\n".join((rest or "").splitlines()[-1:]))  # before it stand the tracebacks of what was interrupted
    finally:
        child.communicate()
    return child.returncode


def main() -> None:
    """Entry point of `huelab`: a user's mistake is one message, never a traceback."""
    try:
        app()
    except HuelabError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
