"""What people see: one Streamlit application, view code only. Start it: make ui (or python -m dashboards.ui)."""
