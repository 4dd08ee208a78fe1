"""The worker and the beat: they work until they are ended."""

import time

print("ERROR: only here to be shown on the terminal", flush=True)
time.sleep(600)
