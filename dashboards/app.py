"""The web application: Streamlit pages and plain web routes in one server. Start it: streamlit run dashboards/app.py

Streamlit finds `app` by reading this file, and runs navigation.py anew for every visitor's every click. Whatever must not be a Streamlit
page (a finished HTML report, the page of a survey's participants, signing in) is a Starlette route in `routes`.
"""

import sys
import threading
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # `streamlit run` puts this folder on the path; the pages import each other as dashboards.…
    sys.path.insert(0, str(HERE.parent))

from dashboards import documents  # noqa: E402
from dashboards.surveying import database, signing  # noqa: E402
from huelab.survey import web  # noqa: E402


def own_words(error: Exception) -> bool:
    """A defect of ours: the details go to the terminal, the visitor reads one sentence."""
    traceback.print_exception(error)
    st.error("This page broke. What happened stands in the terminal that runs the dashboard.", icon=":material/error:")
    return True


async def with_slash(request: Request) -> RedirectResponse:
    """Somebody typed the address of the participants' page; what stands behind # stays."""
    return RedirectResponse(f"{web.PREFIX}/")


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """What participants' data have outlived is deleted by every server that holds them."""
    threading.Thread(target=database.sweep_daily, daemon=True).start()
    yield
    database.close()


ROUTES = [*documents.ROUTES, *signing.ROUTES, Route(web.PREFIX, with_slash), web.mount(database.store)]
app = st.App(HERE / "navigation.py", routes=ROUTES, lifespan=lifespan, on_script_error=own_words)
