# ClinicPay. `make` alone lists the commands.
PY ?= python3
V := .venv
# What `make run` needs, and what the checks need on top. Both stand in the same environment.
BASE := $(V)/.base
DEV := $(V)/.dev

# Empty ones are as good as unset ones: the program has the defaults.
export PORT CLINICPAY_DATA

.DEFAULT_GOAL := help
.PHONY: help run test bench drill lock assets clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: $(BASE) ## start ClinicPay on http://127.0.0.1:8000/ (PORT=…, CLINICPAY_DATA=… for other places); Ctrl+C stops it
	@exec $(V)/bin/python -m clinicpay.embedded run

test: $(DEV) ## lint, types, contracts and the whole test suite; ARGS="tests/… -k …" runs only these tests
	@exec $(V)/bin/python -m clinicpay.embedded test $(ARGS)

bench: $(DEV) ## the speed of the main pages beside the plain way of writing them, in minutes; docs/bench.md
	@exec $(V)/bin/python -m bench $(ARGS)

drill: $(DEV) ## fault drills on servers of their own, kept in drill/results.json; ARGS="restore" runs one
	@exec $(V)/bin/python -m clinicpay.drills $(ARGS)

lock: $(DEV) ## renew the locked requirements from requirements/*.in (UPGRADE=--upgrade takes newer versions)
	@for name in uv base extras dev; do \
	  echo "requirements/$$name.txt"; \
	  $(V)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    $(UPGRADE) requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

assets: $(BASE) ## renew the vendored browser files in static/vendor (needs node)
	cd assets && npm ci --ignore-scripts --no-audit --no-fund
	$(V)/bin/python assets/vendor.py

clean: ## remove the environment and all data of the embedded servers
	@if [ -e $(BASE) ]; then $(V)/bin/python -m clinicpay.embedded remove; else rm -rf var; fi
	rm -rf $(V) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(V)/bin/python:
	@command -v $(PY) >/dev/null || { echo "ClinicPay needs Python 3.11 or later; $(PY) was not found (set PY)." >&2; exit 1; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "ClinicPay needs Python 3.11 or later; $(PY) is older (set PY to a newer one)." >&2; exit 1; }
	@$(PY) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is missing; install it (Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Making the environment …"
	@$(PY) -m venv --clear $(V)

PIP := $(V)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes
UV := $(V)/bin/uv pip sync --quiet --python $(V)/bin/python --require-hashes

# uv is much faster than pip but knows only its own certificates, so those of the system come second,
# and it does not read pip's configuration, so pip itself comes last.
define install
	@echo "Installing the locked packages …"
	@{ $(PIP) -r requirements/uv.txt \
	    && { $(UV) $(1) requirements/uv.txt 2>/dev/null || $(UV) --system-certs $(1) requirements/uv.txt; }; } \
	  || { echo "uv could not install them; trying pip …" && $(PIP) -r $(1); }
endef

# An environment with the checks in it has all that `make run` needs, too.
$(BASE): requirements/base.txt requirements/uv.txt | $(V)/bin/python
	$(call install,$(if $(wildcard $(DEV)),requirements/dev.txt,requirements/base.txt))
	@touch $@

$(DEV): requirements/dev.txt requirements/uv.txt | $(V)/bin/python
	$(call install,requirements/dev.txt)
	@touch $(BASE) $@
