"""Votes in the long format -> figures one can publish. Reads tables, never the database."""
