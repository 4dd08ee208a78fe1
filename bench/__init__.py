"""`make bench`: how fast ClinicPay is beside the plain way of doing the same; docs/bench.md tells how to read it.

No part of the application and none of the test suite: it takes minutes, and its figures are worth something
only on a machine that does nothing else.
"""
