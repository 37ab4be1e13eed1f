# Two commands: `make demo` and `make test`. Both set up what they need in this folder and nowhere else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
TEST_VENV ?= .venv-test
QA_DATA_DIR ?= var
# As many processes as there are cores and memory (tests/workers.py); `make test PARALLEL=` runs all in one.
PARALLEL ?= -n auto --no-loadscope-reorder

.PHONY: help demo test test-light lint check format lock clean
help:
	@echo "make demo   set up, inspect the sample calls, write a report one can open"
	@echo "make test   set up and run every test (with the torch extra; first run downloads about 3 GB)"
	@echo "make test-light   the tests of the light installation alone, without torch"
	@echo "make lint   ruff, mypy --strict, rule checks"
	@echo "make lock   resolve the dependencies again"

# The stamp changes only when the lock does, so a second run starts at once.
$(VENV)/.ready: requirements/runtime.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q --progress-bar off -r requirements/runtime.txt
	$(VENV)/bin/python -m pip install -q --no-deps -e .
	touch $@

$(TEST_VENV)/.light: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/python -m pip install -q --progress-bar off -r requirements/dev.txt
	$(TEST_VENV)/bin/python -m pip install -q --no-deps -e .
	touch $@

$(TEST_VENV)/.ready: $(TEST_VENV)/.light requirements/all.txt
	$(TEST_VENV)/bin/python -m pip install -q --progress-bar off -r requirements/all.txt
	touch $@

demo: $(VENV)/.ready
	QA_DATA_DIR=$(QA_DATA_DIR) $(VENV)/bin/python scripts/demo.py

test: $(TEST_VENV)/.ready
	scripts/system-packages
	$(TEST_VENV)/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

test-light: $(TEST_VENV)/.light
	scripts/system-packages
	$(TEST_VENV)/bin/python -m pytest -m "not torch" $(PARALLEL) $(PYTEST_ARGS)

lint: $(TEST_VENV)/.light
	$(TEST_VENV)/bin/ruff format --check .
	$(TEST_VENV)/bin/ruff check .
	$(TEST_VENV)/bin/mypy
	$(TEST_VENV)/bin/qa rules check
	$(TEST_VENV)/bin/yamllint -s .
	$(TEST_VENV)/bin/hadolint Dockerfile
	$(TEST_VENV)/bin/check-jsonschema -q --builtin-schema vendor.compose-spec docker-compose.yml

format: $(TEST_VENV)/.light
	$(TEST_VENV)/bin/ruff format .
	$(TEST_VENV)/bin/ruff check --fix .

lock:
	scripts/lock

clean:
	rm -rf $(VENV) $(TEST_VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
