"""Stands in for the pages: shows the names in its environment, and is always ready."""

import json
import os


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(sorted(os.environ)).encode()]
