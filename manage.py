#!/usr/bin/env python3
"""Django's commands from any shell: finds the environment and, without DATABASE_URL, the embedded server."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
ENVIRONMENT = PROJECT / ".venv"


def use_project_python() -> None:
    """Continue with the Python of .venv, where the packages are; without one, the packages must be here."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists() and Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        os.execv(python, [str(python), *sys.argv])
    try:
        import django  # noqa: F401
    except ImportError:
        sys.exit("The packages of ClinicPay are not installed here; run `make run` first.")


def main() -> None:
    """Run one command; what the reader can mend is one line, and the command's own exit code is kept."""
    from clinicpay.embedded.paths import StartupProblem
    from clinicpay.embedded.roles import connection_problem
    from clinicpay.embedded.servers import embedded_environment

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinicpay.settings")
    try:
        with embedded_environment():
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except StartupProblem as problem:
        sys.exit(str(problem))
    except Exception as error:
        problem = connection_problem(error)
        if problem is None:
            raise
        sys.exit(str(problem))


if __name__ == "__main__":
    use_project_python()
    main()
