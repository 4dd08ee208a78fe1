"""ClinicPay from nothing: embedded PostgreSQL and Valkey, and the supervisor behind `make run`, `make test`.

Knows only the standard library and psycopg, never Django, so that it can answer before anything else works.
"""
