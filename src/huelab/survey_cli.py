"""huelab survey …: studies from the command line; everything the dashboard's pages do, for scripts and servers without one."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from huelab import survey_server_cli
from huelab.survey_server_cli import opened

app = typer.Typer(help='Blind "real or fake?" studies: create, launch, watch, publish.', no_args_is_help=True)

VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="id of a study version; `huelab survey list` shows them")]
Why = Annotated[str, typer.Option(help="is kept on record")]


def _who() -> str:
    return getpass.getuser()


def _address(url: str) -> str:
    """An address of a server, without the slash at its end. Raises UsageError for what is none."""
    from urllib.parse import urlsplit

    from huelab.errors import UsageError

    try:
        parts = urlsplit(url.strip())
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment) and parts.port != 0
    except ValueError:  # a port that is no number
        whole = False
    if not whole:
        raise UsageError(f"--url is {url!r}; expected where participants reach the server, such as https://survey.example.org.")
    return url.strip().rstrip("/")


def _base(url: str) -> str:
    return f"{_address(url)}/survey/#"


URL = Annotated[str, typer.Option("--url", help="where participants reach the server")]
_HERE = "http://127.0.0.1:8501"
_LONGEST_DAYS = 3650


@app.command("create")
def create(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="the study as YAML; options below go on top of it")] = None,
    title: Annotated[str | None, typer.Option()] = None,
    purpose: Annotated[str | None, typer.Option(help="what the answers are for; participants read it before they agree")] = None,
    contact: Annotated[str | None, typer.Option(help="whom participants may ask: an address they can write to")] = None,
    mode: Annotated[str | None, typer.Option(help="pair, single or prefer")] = None,
    model: Annotated[list[str] | None, typer.Option(help="a colorizer, as often as you like; all that are rendered when left out")] = None,
    trials: Annotated[int | None, typer.Option()] = None,
    catches: Annotated[int | None, typer.Option()] = None,
    people: Annotated[int | None, typer.Option(help="planned number of complete participants")] = None,
    exposure_ms: Annotated[int | None, typer.Option(help="0: unlimited, else 250 to 5000")] = None,
    survey: Annotated[str | None, typer.Option(help="make a new version of this survey")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="to be answered by programs, for good")] = False,
) -> None:
    """Draft a study from the pictures that stage stimuli rendered. Prints the id of its version."""
    from huelab import paths
    from huelab.survey import manifest, owners
    from huelab.survey.study_file import read
    from huelab.tracking import known

    given: dict[str, Any] = {"title": title, "purpose": purpose, "contact": contact, "mode": mode, "models": model}
    given |= {"trials": trials, "catches": catches, "people": people, "exposure_ms": exposure_ms, "simulated": simulated or None}
    rendered = manifest.read(paths.stimuli())
    study = read(file, {key: value for key, value in given.items() if value is not None}, models=tuple(rendered.models))
    store = opened()
    tracked, problem = known.told([rendered.models[name].content for name in study.models if name in rendered.models])
    typer.echo(owners.create(store, study, paths.stimuli(), who=_who(), survey=survey, tracked=tracked))
    if problem:
        typer.echo(problem, err=True)


@app.command("list")
def list_versions() -> None:
    """Every study version: state, people complete and planned, title."""
    from sqlalchemy import func, select

    from huelab.errors import SurveyError
    from huelab.survey.frozen import study_of
    from huelab.survey.schema import Participant, Version

    with opened().read() as session:
        versions = session.scalars(select(Version).order_by(Version.survey_id, Version.number))
        for version in versions:
            done = (Participant.version_id == version.id) & (Participant.state == "complete") & ~Participant.preview
            complete = session.scalar(select(func.count()).select_from(Participant).where(done)) or 0
            try:
                study = study_of(version)
            except SurveyError as error:
                typer.echo(f"error: {error}", err=True)
                continue
            mark = "  SIMULATED" if version.simulated else ""
            typer.echo(f"{version.id}  {version.state:6}  {complete}/{study.people}  {study.mode:6}  v{version.number} {study.title}{mark}")


@app.command("preview")
def preview(version: VersionArgument, url: URL = _HERE) -> None:
    """A link to try a study, a draft too; what you answer there is never counted."""
    from huelab.survey import owners

    base = _base(url)
    typer.echo(base + owners.preview(opened(), version, who=_who()))


@app.command("launch")
def launch(version: VersionArgument) -> None:
    """Freeze a draft and open it."""
    from huelab import paths
    from huelab.survey import owners

    owners.launch(opened(), version, paths.stimuli(), who=_who())
    typer.echo(f"{version} is live: `huelab survey invite {version}` makes links")


@app.command("invite")
def invite(
    version: VersionArgument,
    count: Annotated[int, typer.Option(min=1, help="links")] = 1,
    cap: Annotated[int, typer.Option(min=1, help="people each link lets in")] = 1,
    days: Annotated[int | None, typer.Option(min=1, max=_LONGEST_DAYS, help="until it ends")] = None,
    url: URL = _HERE,
) -> None:
    """Make links; they are shown this once."""
    from huelab.survey import owners

    base = _base(url)
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=days) if days else None
    for token in owners.invite(opened(), version, who=_who(), count=count, cap=cap, expires=expires):
        typer.echo(base + token)


@app.command("codes")
def codes(version: VersionArgument) -> None:
    """The completion codes of everybody who is complete, sorted: whoever pays people checks theirs against these."""
    from huelab.survey import owners

    for code in owners.codes(opened(), version):
        typer.echo(code)


@app.command("pause")
def pause(version: VersionArgument, why: Why = "") -> None:
    """Let nobody join or answer for now."""
    from huelab.survey import owners

    owners.pause(opened(), version, who=_who(), why=why)


@app.command("resume")
def resume(version: VersionArgument, why: Why = "") -> None:
    """Open a paused study again."""
    from huelab.survey import owners

    owners.resume(opened(), version, who=_who(), why=why)


@app.command("close")
def close(version: VersionArgument, why: Why = "") -> None:
    """End a study for good."""
    from huelab.survey import owners

    store = opened()
    owners.close(store, version, who=_who(), why=why)
    with store.read() as session:
        simulated = owners.find(session, version).simulated
    after = "takes its results to the leaderboard and to MLflow"
    typer.echo(
        f"{version} is closed" + (": simulated, it is never published" if simulated else f": `huelab survey publish {version}` {after}")
    )


@app.command("stats")
def stats(
    version: VersionArgument,
    as_json: Annotated[bool, typer.Option("--json", help="everything, for programs")] = False,
    why: Annotated[str, typer.Option(help="look before the planned number is reached; the reason is kept and printed")] = "",
) -> None:
    """The results, once the planned number of people or a planned look is reached."""
    from huelab.survey import publishing
    from huelab.survey.statistics import words
    from huelab.survey.statistics.results import tree

    found = publishing.opened(opened(), version, who=_who(), why=why)
    typer.echo(json.dumps(tree(found), indent=1, ensure_ascii=False) if as_json else words.table(found))


@app.command("publish")
def publish(version: VersionArgument) -> None:
    """Take the fooling rates of a closed study to registry/human.json: the leaderboard, MLflow and the promotion rule read them there."""
    from huelab.survey import publishing

    for line in publishing.publish(opened(), version, who=_who()):
        typer.echo(line)


@app.command("plan")
def plan(
    detect: Annotated[float, typer.Option(min=0.01, max=0.98, help="difference of two fooling rates to be shown, e.g. 0.05")],
    base: Annotated[float, typer.Option(min=0.01, max=0.98, help="the lower of the two")] = 0.3,
    mode: Annotated[str, typer.Option(help="pair, single or prefer (there --detect is the preferred share above a half)")] = "pair",
    trials: Annotated[int, typer.Option(min=4, max=400, help="main trials per person")] = 40,
    models: Annotated[int, typer.Option(min=2, max=20, help="models in the study: Holm's correction is over all pairs")] = 2,
    photographs: Annotated[int, typer.Option(min=4, max=10_000, help="main photographs there are")] = 100,
    most: Annotated[int, typer.Option(min=4, max=5000, help="people tried at most")] = 400,
    dropout: Annotated[float, typer.Option(min=0, max=0.9, help="share of people who stop on the way")] = 0.1,
    excluded: Annotated[float, typer.Option(min=0, max=0.9, help="share of people whom the rules leave out")] = 0.05,
) -> None:
    """How many people a study needs, by simulated studies: takes a minute or so."""
    from huelab.errors import UsageError
    from huelab.survey.statistics import planner
    from huelab.survey.study import Mode, Study

    if mode not in get_args(Mode):
        raise UsageError(f"--mode is {mode!r}; allowed: {', '.join(get_args(Mode))}.")
    names = tuple(f"model {number}" for number in range(1, models + 1))
    study = Study.model_validate({"title": "planned", "mode": mode, "models": names, "trials": trials, "catches": 0})
    try:
        found = planner.plan(
            study,
            detect=detect,
            base=base,
            photographs=photographs,
            most=most,
            dropout=dropout,
            excluded=excluded,
            said=typer.echo,
        )
    except ValueError as error:
        raise UsageError(f"--{error}.") from None
    low = 0.5 if mode == "prefer" else base
    need = f"more than {most} people (or more photographs)"
    if found.people:
        need = f"{found.people} people who begin, {found.complete} who come to the end,"
    typer.echo(f"{need} show {low:.0%} against {low + detect:.0%} with 80 % power; the formula for independent votes says {found.formula}")


@app.command("simulate")
def simulate(
    version: VersionArgument,
    people: Annotated[int, typer.Option(min=1)] = 40,
    url: Annotated[str, typer.Option("--url", help="of a running server")] = _HERE,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Let programs with known minds take a simulated study over HTTP."""
    from huelab.survey import simulate as simulation

    simulation.run(opened(), version, people=people, url=_address(url), seed=seed, who=_who(), say=typer.echo)


@app.command("export")
def export(
    version: VersionArgument,
    folder: Annotated[Path, typer.Argument(help="a new folder, or one of an earlier export, which is replaced")],
    why: Annotated[str, typer.Option(help="before the planned number is reached; the reason is kept and printed")] = "",
) -> None:
    """Votes, codebook, study, consent text, pictures' provenance, exclusions, results and checksums, as files."""
    from huelab.survey import export as exporting
    from huelab.survey import publishing

    store = opened()
    publishing.require_open(store, version, who=_who(), why=why)
    rows = exporting.write(store, version, folder, who=_who())
    typer.echo(f"{folder}: {rows} trials")


app.add_typer(survey_server_cli.app)
