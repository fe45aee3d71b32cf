"""`huelab survey …`, the part of whoever runs the server: serving, who may use the pages, backups, deletions, the audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from huelab.survey.store import Store

app = typer.Typer()


def opened() -> Store:
    """The survey's database."""
    from huelab.survey.store import Store

    return Store.open()


@app.command("delete")
def delete(code: Annotated[str, typer.Argument(help="a participant's deletion code")]) -> None:
    """Delete what a participant answered, by their code."""
    from huelab.errors import UsageError
    from huelab.survey import privacy
    from huelab.survey.refusal import Refused

    try:
        privacy.delete_me(opened(), code)
    except Refused:
        raise UsageError(f"Nobody has the deletion code {code!r}: check it letter by letter.") from None
    typer.echo("deleted; exports made before are marked as overtaken")


@app.command("backup")
def backup(file: Annotated[Path, typer.Argument(metavar="FILE.tar")]) -> None:
    """Save database and pictures, also while people answer."""
    from huelab.survey import backup as saving

    chain = saving.backup(opened(), file)
    typer.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
    if chain.broken is not None:
        typer.echo(chain.words(), err=True)


@app.command("restore")
def restore(file: Annotated[Path, typer.Argument(metavar="FILE.tar")]) -> None:
    """Put a backup in place; refused while a server runs. What was there before is kept, and named."""
    from huelab.survey import restoring

    before = restoring.restore(None, file)
    typer.echo(f"restored; what was there before is kept as {before}" if before else "restored")


@app.command("audit")
def audit(
    kept: Annotated[Path | None, typer.Argument(metavar="[KEPT]", help="study.json of an earlier export, or an earlier backup")] = None,
) -> None:
    """Whether the record of what owners did is whole; and, with KEPT, whether it goes on from there: a cut-off end shows no other way."""
    from huelab.errors import SurveyError
    from huelab.survey import audit as record
    from huelab.survey import auditing

    earlier = None if kept is None else auditing.kept_in(kept)
    with opened().read() as session:
        state = record.state(session)
        cut = earlier is not None and not record.continues(session, earlier)
    if state.broken is not None:
        raise SurveyError(state.words())
    if cut:
        raise SurveyError(f"THE AUDIT DOES NOT GO ON FROM {kept}: rows that were there then were removed or remade since. {state.words()}")
    typer.echo(state.words())


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="127.0.0.1: this machine only")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8510,
    workers: Annotated[int, typer.Option(min=1, help="processes; several only on PostgreSQL")] = 1,
) -> None:
    """Serve the participants' page alone, without the dashboard."""
    from huelab.survey import server

    server.serve(host=host, port=port, workers=workers, say=typer.echo)


@app.command("account")
def account(
    name: Annotated[str, typer.Argument(help="with --openid the verified e-mail address, or the provider's own name of the account")],
    role: Annotated[str, typer.Option(help="owner, analyst or viewer")] = "owner",
    openid: Annotated[bool, typer.Option("--openid", help="OpenID Connect signs them in: no password is asked for")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="let them in no more")] = False,
    password: Annotated[str | None, typer.Option(help="asked for when left out")] = None,
) -> None:
    """Let somebody into the dashboard's survey pages, or no more."""
    from huelab.errors import UsageError
    from huelab.survey import accounts

    if openid and password is not None:
        raise UsageError("--openid and --password: an account that OpenID Connect signs in has no password.")
    if remove:
        accounts.remove(name)
        typer.echo(f"{name} may not log in any more")
        return
    accounts.require_role(role)
    if not openid and password is None:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    accounts.add(name, password, role)
    typer.echo(f"{name} may log in as {role}" + (", signed in by OpenID Connect" if openid else ""))


@app.command("accounts")
def list_accounts() -> None:
    """Who may see the dashboard's survey pages, as what, and how they sign in."""
    from huelab.survey import accounts

    for one in accounts.known():
        typer.echo(f"{one.role:7}  {'password' if one.password else 'OpenID'}  {one.name}")
