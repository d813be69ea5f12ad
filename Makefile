# Each target sets up what it needs: a virtual environment in $(VENV), and the locked
# dependencies with their hashes.  Needs: make, Python >= 3.11 with its venv module.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SHARED := -n 4 --dist worksteal

# Where it is set, each of many processes compiles all of the project anew.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help run demo test test-gap test-programs test-browser test-container test-long test-clients test-api assets check bench bench-verify release lock clean

help:
	@echo "make run           start the mirror, with ./mpmirror.toml if it is there"
	@echo "make demo          try it without Internet: a mirror of the project's own replica"
	@echo "make test          run the tests (make test-long: the long proofs)"
	@echo "make test-gap      what crosses the gap: bundles, keys, channels, trees, and their clients"
	@echo "make test-programs run daemons and commands as processes, and break things"
	@echo "make test-browser  look at the pages in Chromium; pictures go to .screenshots"
	@echo "make test-container  build the container file and run it (root; buildah, mmdebstrap)"
	@echo "make test-clients  run real clients (mpflash, Thonny, ...) against the mirror"
	@echo "make test-api      ask /v1 what its OpenAPI description allows, and does not"
	@echo "make assets        fetch esp-web-tools, which flashes boards from the browser"
	@echo "make check         format, lint, types, imports"
	@echo "make bench         measure speed (make bench-verify: damage noticed)"
	@echo "make release       wheels for rooms without Internet; SIGN=KEY, a minisign key"
	@echo "make lock          resolve the dependencies anew into requirements/*.txt"
	@echo "make clean         remove what these targets made, but never ./data"

run: $(VENV)/run.stamp
	@exec $(BIN)/mpmirror serve

demo: $(VENV)/development.stamp
	@exec $(BIN)/python -m tests.demo

# Rooms that have a target of their own are not even loaded by the others.
GAP := tests/transfer tests/channels tests/client
APART := tests/browser tests/clients
QUICK := -m "not long and not programs and not api" $(SHARED)

# In a fresh clone each of the processes that share the tests would compile all of the project.
test: $(VENV)/development.stamp
	@$(BIN)/python -m compileall -q -j 2 -x '/test_' mirror tests
	@$(BIN)/python -m pytest $(QUICK) $(addprefix --ignore=,$(GAP) $(APART))

test-gap: $(VENV)/development.stamp
	@$(BIN)/python -m pytest $(QUICK) $(GAP)

# Daemons, commands and limited children as processes of their own: mostly their start costs time.
test-programs: $(VENV)/development.stamp
	@$(BIN)/python -m pytest -m "programs and not long and not api" $(SHARED) $(addprefix --ignore=,$(APART))

test-browser: $(VENV)/browser.stamp
	@$(BIN)/python -m tests.browser.prepare
	@$(MAKE) --no-print-directory assets PYTHON=$(BIN)/python
	@$(BIN)/python -m pytest -m browser tests/browser

# As root, with Debian's buildah and mmdebstrap: where they are not, it says so.
test-container: $(VENV)/development.stamp
	@$(BIN)/python -m tests.deploy.building
	@$(BIN)/python -m pytest -m long tests/deploy/test_container_build.py

test-long: $(VENV)/development.stamp $(VENV)/api.stamp
	@$(BIN)/python -m pytest -m long --timeout=36000

# The clients are installed first; then they are alone with the mirror in a network of their own.
test-clients: $(VENV)/development.stamp
	@$(BIN)/python -m tests.clients.prepare
	@$(BIN)/python -m tests.clients.namespace $(BIN)/python -m pytest -m clients tests/clients

# A short run: `make test-long` has the 5,000 questions.
test-api: $(VENV)/api.stamp
	@$(BIN)/python -m pytest -m "api and not long" tests/interface

assets:
	@$(PYTHON) -m deploy.assets

check: $(VENV)/development.stamp
	@$(BIN)/ruff format --check mirror tests deploy
	@$(BIN)/ruff check mirror tests deploy
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/development.stamp
	@$(BIN)/python -m tests.bench

bench-verify: $(VENV)/development.stamp
	@$(BIN)/python -m tests.bench.verify

# For each platform dist/mpmirror-VERSION-PLATFORM: everything that `pip install --no-index` wants,
# with sums, signature and list of components.  RELEASE takes --platforms, --pythons, ….
SIGN ?= $(HOME)/.minisign/minisign.key
release: $(VENV)/development.stamp assets
	@$(BIN)/python -m deploy.release --sign $(SIGN) $(RELEASE)

# run.txt keeps to the versions of development.txt: what is tested is what users get.
# `make lock LOCK=--upgrade` also moves the versions.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(LOCK)
lock: $(VENV)/development.stamp
	$(COMPILE) --group build -o requirements/build.txt
	$(COMPILE) pyproject.toml --group development -o requirements/development.txt
	$(COMPILE) pyproject.toml -c requirements/development.txt -o requirements/run.txt
	$(COMPILE) pyproject.toml --all-extras -c requirements/development.txt -o requirements/extras.txt
	$(COMPILE) --group api -c requirements/development.txt -o requirements/api.txt
	$(COMPILE) --group browser -c requirements/development.txt -o requirements/browser.txt

clean:
	rm -rf mirror/publication/pages/esp_web_tools $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Both stamps install the project itself without asking an index for anything that is not
# locked: the build back-end too comes from requirements/build.txt.
$(VENV)/run.stamp: $(BIN)/pip pyproject.toml requirements/build.txt requirements/run.txt
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/development.stamp: $(VENV)/run.stamp requirements/development.txt
	@echo "Installing the locked development tools into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/development.txt
	@touch $@

$(VENV)/api.stamp: $(VENV)/development.stamp requirements/api.txt
	@echo "Installing the locked tools that ask the interface into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/api.txt
	@touch $@

$(VENV)/browser.stamp: $(VENV)/development.stamp requirements/browser.txt
	@echo "Installing what drives Chromium into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/browser.txt
	@touch $@

$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "mpmirror needs Python 3.11 or newer: on Debian, apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mpmirror needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments: on Debian, apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
