# Two commands matter: `make run` and `make test`. Python 3.11+ and make are all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
# Of the tests: fastest on two cores (five and six take a twentieth longer; each prepares a database and a browser).
PROCESSES ?= 4

.PHONY: run test test-long lint audit bench chaos fuzz catalogs lock clean

.env:
	@cp .env.example .env

$(STAMP): requirements.lock | .env
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

run: $(STAMP)
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py create_default_programs
	@$(BIN)/python manage.py create_admin admin@example.com
	@$(BIN)/python manage.py welcome
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONUNBUFFERED=1 $(BIN)/honcho start

# Compiled once and kept, whatever the environment says: else every process of the tests compiles all of them.
test test-long: export PYTHONDONTWRITEBYTECODE =

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal -m "not long"

# What takes long: whole systems (Celery with its broker, a chaos run in short), axe and the weight of every page, the
# tutorial and the recipes as they are followed, migrations from an older site.
test-long: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal -m long

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy optin_site accounts sms_consent
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive optin_site accounts sms_consent

# Are there known holes in what the lock file names? Asks PyPI, and fails where it cannot. Not a part of lint: what it
# says changes with the day, not with the code.
audit: $(STAMP)
	@test -x $(VENV)-audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/pip install --quiet pip-audit; }
	$(VENV)-audit/bin/pip-audit --strict --disable-pip --requirement requirements.lock

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

# Faults, tried for real, for five minutes on each database: docs/faults.md.
chaos: $(STAMP)
	$(BIN)/python -m tests.chaos

# Requests that nobody foresaw, at every address; FUZZ_SEED=2 sends others.
fuzz: $(STAMP)
	FUZZ_REQUESTS=$${FUZZ_REQUESTS:-20000} $(BIN)/python -m pytest -s --show-capture=no tests/fuzz

# Brings the translations up to date with pages and code, and compiles them: docs/languages.md.
catalogs: $(STAMP)
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m tests.catalogs

# Needs uv (https://docs.astral.sh/uv/); only whoever changes a dependency runs it.
lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --output-file requirements.lock

clean:
	rm -rf $(VENV) $(VENV)-audit data staticfiles
