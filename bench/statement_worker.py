"""A worker of its own that draws so many statements: its time and its memory, as one line of JSON."""

import json
import resource
import sys
import time

import django


def main(count: int) -> None:
    """Load all that it needs, wait for a line, and draw them."""
    django.setup()
    from bench.paper import ours

    ours()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begin = time.perf_counter()
    for number in range(count):
        ours(number + 1)
    sys.stdout.write(json.dumps([time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
