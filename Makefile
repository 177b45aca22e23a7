# Every step that a person or the pipeline takes has a target here.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first Python of 3.11 or later; name another with `make PYTHON=…`.
PYTHON ?= $(shell for python in python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq install
# pip would do it with one process, and the tests of packages, too. A file that cannot be
# compiled is a template of somebody's.
COMPILE := $(PY) -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib >/dev/null 2>&1
# Test processes at a time.
JOBS ?= 2

.PHONY: help
help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# ---------------------------------------------------------------- set up

# A stamp, not the interpreter: a set-up that was broken off begins again.
$(VENV)/made.stamp:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Tracker needs Python 3.11 or later. Install it, or name one: make PYTHON=/path/to/python3." >&2; \
		exit 1; \
	fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$(PYTHON) has no venv module. Install it (on Debian: apt install python3-venv) and try again." >&2; \
		exit 1; \
	fi
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

# One stamp for each list of packages: nothing is asked of pip until a list changes.
$(VENV)/%.stamp: requirements/%.txt | $(VENV)/made.stamp
	@echo "Installing $<…"
	@$(PIP) --no-compile --requirement $<
	@$(COMPILE) || true
	@touch $@

.PHONY: setup
setup: $(VENV)/server.stamp ## Make .venv and install what the server needs

.PHONY: setup-test
setup-test: setup $(VENV)/test.stamp browser

# Tests in a real browser use Debian's Chromium, installed where we may install it.
.PHONY: browser
browser:
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests…"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null \
		|| echo "Chromium could not be installed; the browser tests will say so." >&2; \
	fi

# ---------------------------------------------------------------- run

.PHONY: serve
serve: setup ## Run Tracker: web server and worker, until Ctrl-C
	@exec $(PY) manage.py serve

.PHONY: team
team: setup-test ## Try the team set-up of docker-compose.yml without containers
	@exec $(PY) -m tests.team

.PHONY: worker
worker: setup ## Run one more worker beside a server
	@exec $(PY) manage.py worker

.PHONY: demo
demo: setup ## Fill a project "demo" with a rich sample
	@exec $(PY) manage.py demo

# ---------------------------------------------------------------- check

PYTEST := $(PY) -m pytest --quiet --numprocesses $(JOBS) --dist loadgroup

# Both at once: a test that waits for a server or a page leaves its core to another. Their
# lines mix, so that who watches sees them go on.
TOGETHER := $(MAKE) --jobs

.PHONY: test
test: setup-test ## Run every test: on SQLite, and beside it what differs on PostgreSQL
	@$(TOGETHER) test-sqlite test-postgres

.PHONY: test-sqlite
test-sqlite: setup-test
	@$(PYTEST)

.PHONY: test-postgres
test-postgres: setup-test ## Run the tests of API, search, rooms, artifacts and permissions on PostgreSQL
	@TRACKER_TEST_DATABASE=postgresql $(PYTEST) tests/api tests/search tests/rooms tests/artifacts tests/hostile tests/test_routes.py

.PHONY: test-client
test-client: setup-test ## Run the tests with the real MLflow client
	@$(PYTEST) tests/client

.PHONY: test-frameworks
test-frameworks: setup-test $(VENV)/frameworks.stamp ## Run the tests with PyTorch, which is large, too
	@$(PYTEST) tests/client/test_frameworks.py

.PHONY: bench
bench: setup-test ## Measure for a minute, with MLflow's server beside ours
	@$(VENV)/bin/python -m tests.bench

.PHONY: budgets
budgets: setup-test ## Measure what pages may cost; ARGS="--candidates 2000" for less data
	@$(VENV)/bin/python -m tests.bench.budgets $(ARGS)

.PHONY: memory
memory: setup-test ## Watch memory for an hour; ARGS="--warm 1 --minutes 5" for less
	@$(VENV)/bin/python -m tests.bench.memory $(ARGS)

.PHONY: growth
growth: setup-test ## Measure an experiment against a much larger one; see docs/scaling.md
	@$(VENV)/bin/python -m tests.bench.growth $(ARGS)

.PHONY: flame
flame: setup-test $(VENV)/flame.stamp ## Draw where the time of logging goes, into docs/images
	@$(VENV)/bin/python -m tests.bench.flame $(ARGS)

.PHONY: lint
lint: setup $(VENV)/lint.stamp ## Look for mistakes and for unformatted code
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet . || { echo "Some files are not formatted: make format" >&2; exit 1; }

.PHONY: format
format: $(VENV)/lint.stamp ## Format the code
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

.PHONY: types
types: setup $(VENV)/lint.stamp ## Check the types
	@$(PY) -m mypy

.PHONY: docs
docs: setup-test ## Write the tables in docs that the code knows
	@$(PY) -m tests.permissions

.PHONY: migrations
migrations: setup ## Write the migrations that changed models need
	@$(PY) manage.py makemigrations

.PHONY: check
check: lint setup-test ## All that the pipeline runs
	@$(TOGETHER) types test-sqlite test-postgres

# Not a part of `check`: it asks a service elsewhere, and answers change by themselves. Its
# packages stay out of .venv, whose versions they would change.
AUDIT ?= build/audit/bin/pip-audit

build/audit/bin/pip-audit: requirements/audit.txt | $(VENV)/made.stamp
	@echo "Installing $<…"
	@$(PY) -m venv --clear build/audit
	@build/audit/bin/python -m pip --disable-pip-version-check -qq install --requirement $<
	@touch $@

.PHONY: audit
audit: $(AUDIT) ## Ask which of the server's packages have known vulnerabilities
	@mkdir -p build; \
	$(AUDIT) --requirement requirements/server.txt --no-deps --disable-pip --strict \
		--progress-spinner off >build/audit.txt 2>&1; code=$$?; \
	if grep -q -e "could not be audited" -e "ConnectionError" build/audit.txt; then \
		echo "The vulnerability service could not be asked about every package, so nothing is known:" >&2; \
		echo "build/audit.txt says more. Try again from a machine that may reach the internet." >&2; exit 1; \
	fi; \
	grep -v WARNING build/audit.txt; exit $$code

.PHONY: clean
clean: ## Remove what was built; data stays
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
