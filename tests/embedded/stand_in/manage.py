"""Stands in for ours: knows three commands, one of which can be made to fail."""

import os
import sys

if sys.argv[1] == os.environ.get("FAILING_COMMAND"):
    sys.exit("on purpose")
if sys.argv[1] == "demo":
    print("rita@harbor.test  demo-clinic-pay")
