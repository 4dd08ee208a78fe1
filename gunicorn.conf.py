"""How gunicorn serves ClinicPay; what its command line says comes before this."""

import os
import shutil
import tempfile

_OF_THIS_START = f"clinicpay-metrics-{os.getpid()}-"  # read again after HUP, by the same process
if os.environ.get("METRICS_TOKEN") and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # The web processes count together, in a folder of this start.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=_OF_THIS_START)


def on_exit(_server: object) -> None:
    """Leave nothing behind, but what somebody else made."""
    counts = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if os.path.basename(counts).startswith(_OF_THIS_START):
        shutil.rmtree(counts, ignore_errors=True)


bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "3"))
worker_class = "clinicpay.serving.Worker"  # connections that say nothing hold no process
timeout = 30
graceful_timeout = 20
max_requests = 2000
max_requests_jitter = 200
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat file, not data
control_socket_disable = True

# Its own lines take the shape of ours.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "clinicpay.logs.json_formatter"},
        "text": {"()": "clinicpay.logs.text_formatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": os.environ.get("LOG_FORMAT", "json")}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False}},
}
