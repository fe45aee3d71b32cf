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

from huelab.errors import HuelabError

app = typer.Typer(
    help="A laboratory for automatic image colorization.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
data_app = typer.Typer(help="Choose and check the photographs.", no_args_is_help=True)
track_app = typer.Typer(help="The MLflow mirror of the results.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(track_app, name="track")


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
