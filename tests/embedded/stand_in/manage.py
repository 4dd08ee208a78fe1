"""Stands in for ours: notes what it was asked for; one command can be made to fail."""

import os
import sys
from pathlib import Path

with Path("asked.txt").open("a") as notes:
    notes.write(f"{sys.argv[1]}\n")
if sys.argv[1] == os.environ.get("FAILING_COMMAND"):
    sys.exit("on purpose")
if sys.argv[1] == "collectstatic":
    Path(os.environ["STATIC_ROOT"]).mkdir(exist_ok=True)
if sys.argv[1] == "demo":
    print("rita@harbor.test  demo-clinic-pay")
