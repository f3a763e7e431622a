# Comptoir. `make` alone lists what can be done.
# Set-up happens by itself: each target that needs the virtual environment builds it first, and only when
# requirements or pyproject.toml have changed since.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
ARGS ?=
INSURER_DIR ?= .insurer
DATA_DIR ?= .data
IMAGE_WORK ?= .image
IMAGE_TRIAL = $(BIN)/python -m tests.image.machine.trial --work $(IMAGE_WORK)
LONG := $(addprefix tests/,integration/pcsc faults/test_flipped_bits.py faults/test_wrong_clocks.py tui/test_bursts.py \
	tui/test_leaving_every_screen.py unit/terminal/domain/test_pricing_sweeps.py integration/sync/test_transparency_log.py \
	integration/conformance/test_openapi_fuzzed.py benchmarks)

BIN := .venv/bin
STAMPS := .venv/stamps
PIP := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: help setup system demo test soak lines lint bench insurer data-repository pictures lock clean mutants powercut \
	image image-lock image-test image-figures image-replace-test image-update-test update-test

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMPS)/project ## prepare this machine and .venv (system packages through apt, sudo when not root)

demo: setup ## everything on this machine, on screen; ARGS='--headless --claims 20' for the command line
	@$(BIN)/comptoir demo $(ARGS)

test: setup ## run the tests; ARGS='tests/unit -k nir' narrows them
	@.ci/tests $(ARGS)

soak: setup ## the long tests at their full numbers, of which each change runs a part; ARGS names some
	COMPTOIR_SOAK=1 $(BIN)/pytest -o faulthandler_timeout=0 -rP $(or $(ARGS),$(LONG))

lines: setup ## bad lines at their full numbers: cuts at every byte, 2,000 claims through faults, loss, 64 kbit/s, 3 s round trips
	COMPTOIR_EVERY_BYTE=1 COMPTOIR_BAD_LINES=1 $(BIN)/pytest -o faulthandler_timeout=0 \
		tests/integration/sync/test_byte_proxy.py tests/integration/sync/test_bad_lines.py $(ARGS)

lint: setup ## ruff, mypy strict on code and tests, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: setup ## print the measured ratios; ARGS=--json for a machine
	@$(BIN)/python -m tests.benchmarks.run $(ARGS)

insurer: setup ## a reference insurer in the folder INSURER_DIR (default .insurer), until Ctrl-C
	@test -d $(INSURER_DIR) || $(BIN)/comptoir-insurer init --dir $(INSURER_DIR) --amc 99900011 --name 'Mutuelle de démonstration' \
		--convention DEMO --endpoint https://localhost:8443 --hosting 'cette machine' --code-level lpp
	@echo "An invitation for a shop: $(BIN)/comptoir-insurer invite --dir $(INSURER_DIR) --shop 991000019"
	@echo "What was received:        $(BIN)/comptoir-insurer claims --dir $(INSURER_DIR)"
	$(BIN)/comptoir-insurer serve --dir $(INSURER_DIR)

data-repository: setup ## a repository of reference data in the folder DATA_DIR (default .data), signed with the demonstration's keys
	@$(BIN)/python -m tests.data_repository.build $(DATA_DIR) $(ARGS)

mutants: setup ## mutation testing of the domain; ARGS='pricing money' narrows it
	@$(BIN)/python -m tests.unit.terminal.domain.mutation $(ARGS)

powercut: setup ## power cuts on a real ext4 through a block log (root, qemu-storage-daemon), and at each step of upkeep
	@blocks=0; $(BIN)/python -m tests.faults.power.blocks || blocks=$$?; \
	$(BIN)/python -m tests.faults.power.upkeep_run; exit $$blocks

pictures: setup ## draw the screens again into tests/tui/pictures (the README shows them)
	$(BIN)/python tests/tui/make_pictures.py
	$(BIN)/python -m tests.tui.console_pictures

image: ## build the SD card's image and its update (UPDATE_KEY, UPDATE_CERT sign it; root, Debian 12 or 13, about 8 GB below IMAGE_WORK); see image/README.md
	@image/system-packages
	@$(PYTHON) -m image.builder image --work $(IMAGE_WORK) \
		$(if $(UPDATE_KEY),--update-key $(UPDATE_KEY) --update-cert $(UPDATE_CERT))

image-lock: ## pin the image's Debian packages anew, and say what that changes
	@image/system-packages
	@$(PYTHON) -m image.builder lock --work $(IMAGE_WORK)

image-test: setup ## start the built image in an emulated machine: card, claim, power cut, ports, spoilt root (root; half an hour)
	unshare --net sh -ec 'ip link set lo up; exec $(IMAGE_TRIAL) --record tests/image/machine/last-run.md $(ARGS)'

image-figures: setup ## where time and memory go, in the card that image-test left; ARGS='--idle 600'
	unshare --net sh -ec 'ip link set lo up; exec $(IMAGE_TRIAL) --inside --record tests/image/machine/last-figures.md $(ARGS)'

image-replace-test: setup ## the shop that image-test left: kept on a stick, brought back by a new card, then given up (root; half an hour)
	unshare --net sh -ec 'ip link set lo up; exec $(BIN)/python -m tests.image.machine.replacing --work $(IMAGE_WORK) \
		--record tests/image/machine/last-replacement.md $(ARGS)'

image-update-test: setup ## a card that runs OLD (folder of an older image) takes the built one from a stick, cut off at each step (root; 40 minutes)
	@test -n "$(OLD)" || { echo "comptoir: make image-update-test needs OLD=FOLDER with an older comptoir.img" >&2; exit 2; }
	unshare --net sh -ec 'ip link set lo up; exec $(BIN)/python -m tests.image.machine.updating --work $(IMAGE_WORK) \
		--old $(OLD) --record tests/image/machine/last-update.md $(ARGS)'

update-test: setup ## updates refused, installed and cut off at every step; U-Boot's choice in an emulated Pi 3 (root; minutes)
	@command -v strace >/dev/null || { echo "comptoir: make update-test needs strace" >&2; exit 3; }
	$(BIN)/python -m tests.image.update.trial --work $(IMAGE_WORK)

lock: ## pin the requirements anew; needs `uv` on PATH
	@command -v uv >/dev/null || { echo "comptoir: make lock needs uv on PATH" >&2; exit 3; }
	$(LOCK) --upgrade --group build --output-file requirements-build.txt
	$(LOCK) --upgrade --output-file requirements.txt pyproject.toml
	$(LOCK) --upgrade --group dev --constraints requirements.txt --output-file requirements-dev.txt pyproject.toml
	@# The SD card: arm64, Debian 13's Python, wheels alone; pyscard has none and is Debian's.
	uv pip compile --quiet --python-platform aarch64-manylinux_2_34 --python-version 3.13 --generate-hashes --no-header \
		--no-annotate --no-emit-package pyscard --constraints requirements.txt --output-file image/requirements.txt pyproject.toml

clean: ## remove .venv and what tools left behind
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find hardware sync terminal tests -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@.ci/system-packages

$(STAMPS)/venv: | system
	@command -v $(PYTHON) >/dev/null || { echo "comptoir: $(PYTHON) is not installed" >&2; exit 3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "comptoir: Python 3.11 or newer is needed, $$($(PYTHON) --version) was found; try make PYTHON=python3.12" >&2; exit 3; }
	$(PYTHON) -m venv .venv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/build: requirements-build.txt $(STAMPS)/venv
	$(PIP) --requirement requirements-build.txt
	@touch $@

# The build tools must be there first: pyscard is compiled here, with the swig of this environment.
$(STAMPS)/requirements: requirements-dev.txt $(STAMPS)/build
	$(PIP) --requirement requirements-dev.txt
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/requirements
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
