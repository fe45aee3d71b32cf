"""Who gets to see a study beside its participants: forged and stale cookies, wrong passwords, roles, a server that others reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from dashboards.surveying import database, sessions, signing
from huelab import paths
from huelab.survey import accounts, owners
from huelab.survey.accounts import Door
from huelab.survey.store import Store
from tests.dashboards.conftest import whole, words
from tests.dashboards.surveyed import launched, seen_by, served_at

Visit = Callable[..., AppTest]
PASSWORD = "correct horse battery"
PAGES = ("studies", "monitor", "results", "export")
HERE = {"origin": "http://testserver"}


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    """The project's own database, with a study whose results are open."""
    with served_at("127.0.0.1"):
        store = database.store()
        version = launched(store)
        owners.close(store, version, who="owner", why="a test")
        yield store
    database.close()


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A browser without cookies, at the page of signing in."""
    monkeypatch.setattr(signing, "_door", Door())
    return TestClient(Starlette(routes=signing.ROUTES), follow_redirects=False)


def cookie(browser: TestClient, name: str, password: str = PASSWORD, **more: str) -> str:
    """What signing in leaves in the browser; "" where it was refused."""
    browser.cookies.clear()
    browser.post(signing.ADDRESS, data={"name": name, "password": password, **more}, headers=HERE)
    return browser.cookies.get(sessions.COOKIE, "")


def refused(app: AppTest) -> bool:
    """Whether nothing of any study is on the page."""
    assert not app.exception, app.exception
    return not (app.selectbox or app.dataframe or app.metric or "Which is real?" in words(app))


@pytest.mark.parametrize("page", PAGES)
def test_without_accounts_whoever_is_at_this_machine_is_the_owner(page: str, visit: Visit, store: Store, project: Path) -> None:
    app = whole(visit(page, project))
    assert not refused(app)
    assert "No account is needed on this machine" in words(app)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::", "lab.example.org", ""])
@pytest.mark.parametrize("page", ["studies", "export"])
def test_reached_from_elsewhere_without_accounts_it_stays_shut(address: str, page: str, visit: Visit, store: Store, project: Path) -> None:
    with served_at(address):
        app = visit(page, project)
    assert refused(app)
    assert "nobody has an account yet" in words(app)
    assert "huelab survey account NAME --role owner" in words(app)


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example.org"}, {"Host": "127.0.0.1:8501", "X-Forwarded-For": "10.0.0.9"}, {"Host": "lab", "Forwarded": "for=10.0.0.9"}],
)
def test_a_proxy_or_a_foreign_name_counts_as_elsewhere(
    headers: dict[str, str], visit: Visit, store: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seen_by(monkeypatch, headers=headers):
        app = visit("studies", project)
    assert refused(app)
    assert "nobody has an account yet" in words(app)


@pytest.mark.parametrize("token", ["", "owner", "ada", "null", "0" * 32, "../../etc/passwd", "é" * 40])
def test_once_there_are_accounts_no_or_forged_cookies_show_nothing(
    token: str, visit: Visit, store: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("ada", PASSWORD, "owner")
    for page in PAGES:
        with seen_by(monkeypatch, cookies={sessions.COOKIE: token} if token else {}):
            app = visit(page, project)
        assert refused(app)
        assert "Sign in to see" in words(app)


@pytest.mark.parametrize(("role", "seen"), [("viewer", {"monitor"}), ("analyst", {"monitor", "results", "export"}), ("owner", set(PAGES))])
def test_each_role_sees_its_pages_and_no_other(
    role: str, seen: set[str], visit: Visit, store: Store, project: Path, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("ada", PASSWORD, role)
    token = cookie(browser, "ada")
    for page in PAGES:
        with seen_by(monkeypatch, cookies={sessions.COOKIE: token}):
            app = visit(page, project)
        assert refused(app) == (page not in seen), page
        assert f"{role}" in words(app)
        if page == "export" and role == "analyst":
            assert [button.label for button in app.button] == ["Write an export"]


def test_whoever_signs_in_is_who_the_audit_names(
    visit: Visit, store: Store, project: Path, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huelab.survey.schema import Audit

    version = launched(store, title="Another")
    accounts.add("ada", PASSWORD, "owner")
    with seen_by(monkeypatch, cookies={sessions.COOKIE: cookie(browser, "ada")}):
        app = visit("studies", project)
        app.selectbox(key="survey_version").set_value(version).run()
        app.text_input(key=f"why_close_{version}").input("enough")
        next(button for button in app.button if button.label == "Close the study").click()
        whole(app.run())
    with store.read() as session:
        last = session.query(Audit).order_by(Audit.id.desc()).first()
        assert last is not None
        assert (last.who, last.what, last.why) == ("ada", "closed", "enough")


def test_a_session_ends_with_signing_out_a_new_role_or_a_new_password(project: Path, browser: TestClient) -> None:
    accounts.add("ada", PASSWORD, "owner")
    first, second = cookie(browser, "ada"), cookie(browser, "ada")
    assert sessions.whose(first) == sessions.whose(second) == accounts.find("ada")
    browser.post(signing.OUT, headers=HERE)
    assert sessions.whose(second) is None
    assert sessions.whose(first) is not None
    accounts.add("ada", PASSWORD, "viewer")
    assert sessions.whose(first) is None
    third = cookie(browser, "ada")
    accounts.remove("ada")
    assert sessions.whose(third) is None


def test_a_session_grows_old(project: Path, browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("ada", PASSWORD, "owner")
    monkeypatch.setattr(sessions, "LASTS", -1)
    assert sessions.whose(cookie(browser, "ada")) is None


def test_a_wrong_password_sets_no_cookie_and_says_so(project: Path, browser: TestClient) -> None:
    accounts.add("ada", PASSWORD, "owner")
    for name, password in (("ada", "wrong horse battery"), ("eve", PASSWORD), ("<script>", "x")):
        reply = browser.post(signing.ADDRESS, data={"name": name, "password": password}, headers=HERE)
        assert reply.status_code == 403
        assert "do not belong together" in reply.text
        assert "set-cookie" not in reply.headers
        assert "<script>" not in reply.text
        assert PASSWORD not in reply.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(project: Path, browser: TestClient) -> None:
    accounts.add("ada", PASSWORD, "owner")
    reply = browser.post(signing.ADDRESS, data={"name": "ada", "password": PASSWORD, "to": "results"}, headers=HERE)
    assert (reply.status_code, reply.headers["location"]) == (303, "/results")
    flags = reply.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    assert "secure" not in flags
    page = browser.get(signing.ADDRESS)
    assert "As ada, owner" in page.text
    reply = browser.post(signing.ADDRESS, data={"name": "ada", "password": PASSWORD}, headers={**HERE, "x-forwarded-proto": "https"})
    assert "secure" in reply.headers["set-cookie"].lower()
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}])
def test_another_site_can_neither_sign_in_nor_out(headers: dict[str, str], project: Path, browser: TestClient) -> None:
    accounts.add("ada", PASSWORD, "owner")
    token = cookie(browser, "ada")
    assert browser.post(signing.ADDRESS, data={"name": "ada", "password": PASSWORD}, headers=headers).status_code == 403
    assert browser.post(signing.OUT, headers=headers).status_code == 403
    assert sessions.whose(token) is not None


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "../x", "studies\r\nX: y", ""])
def test_signing_in_leads_to_our_own_pages_only(to: str, project: Path, browser: TestClient) -> None:
    accounts.add("ada", PASSWORD, "owner")
    reply = browser.post(signing.ADDRESS, data={"name": "ada", "password": PASSWORD, "to": to}, headers=HERE)
    assert reply.headers["location"] == "/studies"
    assert "evil" not in browser.get(signing.ADDRESS, params={"to": to}).text


def test_a_form_that_is_too_long_is_refused(project: Path, browser: TestClient) -> None:
    assert browser.post(signing.ADDRESS, data={"name": "a" * 9000, "password": "b"}, headers=HERE).status_code == 413


def test_a_damaged_file_of_accounts_shuts_the_pages(visit: Visit, store: Store, project: Path) -> None:
    paths.survey_accounts().write_text("{}x")
    app = visit("results", project)
    assert refused(app)
    assert "cannot be read as accounts" in app.error[0].value


def test_with_openid_connect_nobody_is_let_in_by_being_here(visit: Visit, store: Store, project: Path) -> None:
    (project / ".streamlit").mkdir()
    app = AppTest.from_file(str(Path(signing.__file__).parents[1] / "navigation.py"), default_timeout=60)
    app.secrets["auth"] = {"redirect_uri": "http://127.0.0.1:8501/oauth2callback", "cookie_secret": "x" * 32}
    app.run()
    app.switch_page("studies.py").run()
    assert refused(app)
    assert [button.label for button in app.button] == ["Sign in"]
