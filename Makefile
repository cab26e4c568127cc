# Two commands: `make demo` and `make test`. Each sets up what it needs, and takes seconds once that is done.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
SYSTEM_PACKAGES := prometheus prometheus-alertmanager chromium faketime openssl postgresql jq

.PHONY: demo test test-crash test-mutants check setup system benchmark benchmark-journal faults-page blame-page requirements clean dashboards report-pictures page-pictures readiness-pictures

demo: $(VENV)/.installed
	@exec $(BIN)/brekwatch demo $(ARGS)

test: $(VENV)/.installed system check
	$(BIN)/pytest $(ARGS)

test-crash: $(VENV)/.installed system
	$(BIN)/pytest -m crash $(ARGS)

test-mutants: $(VENV)/.installed system
	$(BIN)/pytest -m mutants $(ARGS)

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.installed

system:
	@scripts/system-packages $(SYSTEM_PACKAGES)

benchmark: $(VENV)/.installed
	$(BIN)/python -m benchmarks.golden_path
	$(BIN)/python -m benchmarks.audit_proxy
	$(BIN)/python -m benchmarks.scrubbing
	$(BIN)/python -m benchmarks.status_page

benchmark-journal: $(VENV)/.installed
	$(BIN)/python -m benchmarks.journal_writing
	$(BIN)/python -m benchmarks.journal

faults-page: $(VENV)/.installed
	PYTHONPATH=.:tests $(BIN)/python -m support.fault_matrix

blame-page: $(VENV)/.installed
	PYTHONPATH=.:tests $(BIN)/python -m support.blame_matrix

dashboards: $(VENV)/.installed
	$(BIN)/python -m dashboards

report-pictures: $(VENV)/.installed system
	PYTHONPATH=.:tests $(BIN)/python -m support.report_pictures

.PHONY: grafana-schema
grafana-schema:
	scripts/grafana-schema

page-pictures: $(VENV)/.installed system
	PYTHONPATH=.:tests $(BIN)/python -m support.page_pictures

readiness-pictures: $(VENV)/.installed system
	PYTHONPATH=.:tests $(BIN)/python -m support.readiness_pictures

# Hashes, no addresses: this is what the two install rules below trust.
requirements:
	uv pip compile pyproject.toml --generate-hashes --no-header --no-emit-index-url -q -o requirements.txt
	uv pip compile pyproject.toml --extra dev --generate-hashes --no-header --no-emit-index-url -q -o requirements-dev.txt

$(VENV)/bin/pip:
	@scripts/create-venv $(PYTHON) $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip requirements-dev.txt pyproject.toml
	@echo "Installing brekwatch into $(VENV) (about half a minute, once)…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf $(VENV)
