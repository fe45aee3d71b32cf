"""The first page: what ran, on what, and what to do next."""

import streamlit as st

st.title("Overview")
