PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --constraint constraints.txt

# List the targets
help:
	@awk '/^# / { text = substr($$0, 3) } /^[a-z-]+:/ { if (text) printf "make %-12s %s\n", substr($$1, 1, length($$1) - 1), text; text = "" } /^$$/ { text = "" }' Makefile

# Create .venv and install what the app needs
install: .venv/installed

# Start the app on http://localhost:8501
run: .venv/installed
	@$(BIN)/streamlit run app.py

# Run every test; finds a browser, or installs one
test: .venv/installed-dev
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/pytest --numprocesses 3 --dist loadfile

# Kill the app 100 times in mid-reply; let people try 10,000 times what is others'
torture: .venv/installed-dev
	@$(BIN)/python -m tests.torture

# Check format, lint, types and who imports what
check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Measure in a real browser, print, and write bench/results.json
bench: .venv/installed-dev
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m bench.fresh
	@$(BIN)/python -m bench.run

# Make the README's pictures from the running app
screenshots: .venv/installed-dev
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m bench.screenshots

# Remove what the other targets made; chats are kept elsewhere
clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: requirements.txt requirements-embedded.txt constraints.txt
	@echo "Installing into .venv (about 250 MB to download the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Hearth needs Python 3.11 or newer: make PYTHON=python3.12 run" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -r requirements-embedded.txt || echo "Without the built-in engine: Hearth will want an Ollama."
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-oidc.txt
	@$(PIP) -r requirements-dev.txt
	@touch $@

.PHONY: help install run test torture check bench screenshots clean
