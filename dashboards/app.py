"""The web application: Streamlit pages and plain web routes in one server. Start it: streamlit run dashboards/app.py

Streamlit finds `app` by reading this file, and runs navigation.py anew for every visitor's every click. Whatever must not be a Streamlit
page (a finished HTML report; later a survey participant's page) is a Starlette route in `routes`.
"""

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # `streamlit run` puts this folder on the path; the pages import each other as dashboards.…
    sys.path.insert(0, str(HERE.parent))

from dashboards import documents  # noqa: E402

app = st.App(HERE / "navigation.py", routes=[*documents.ROUTES])
