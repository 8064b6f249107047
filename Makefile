# One verb a habit. Everything needs only Python >= 3.11, pip and make; the environments are made when they are missing or out of date.
PYTHON ?= python3
RUN := .venv/bin/python
# Compiled modules are kept, whatever the machine says: every test worker, and every process that a test starts, would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test test-long test-both test-postgres check check-types check-rest bench bench-others soak pictures audit lock clean

demo: .venv/run-ready
	$(RUN) -m chatbot demo

run: .venv/run-ready
	$(RUN) -m chatbot run

# the tests about the project itself are part of ``check``
test: .venv/dev-ready
	$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow and not long" --ignore tests/test_architecture.py --ignore tests/test_project.py

test-long: .venv/dev-ready
	$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "long and not slow"

# both in one go, which reads four hundred files of tests once instead of twice
test-both: .venv/dev-ready
	$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow" --ignore tests/test_architecture.py --ignore tests/test_project.py

# the same tests, each on a database of its own on a real PostgreSQL server that is started for them
test-postgres: .venv/dev-ready
	BALLAST_TESTS_ON_POSTGRES=1 $(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow and not long" --ignore tests/test_architecture.py --ignore tests/test_project.py

# the types take as long as all the rest, on one processor: the rest is looked at beside them
check: .venv/dev-ready
	$(MAKE) --no-print-directory -j2 check-types check-rest

check-types: .venv/dev-ready
	$(RUN) -m mypy

check-rest: .venv/dev-ready
	$(RUN) -m ruff check . && $(RUN) -m ruff format --check . && $(RUN) scripts/catalogues.py && $(RUN) -m pytest -q tests/test_architecture.py tests/test_project.py

bench: .venv/dev-ready
	$(RUN) -m bench

# the same rule in other tools, which are installed for it in a folder of their own
bench-others: .venv/dev-ready
	$(RUN) -m bench.others

soak: .venv/dev-ready
	$(RUN) -m pytest -m "slow or hypothesis" --hypothesis-profile=soak

pictures: .venv/dev-ready
	README_PICTURES=docs/pictures $(RUN) -m pytest tests/test_browser_demo.py -k desk-light

# needs a network, and fails without one
audit: .venv/dev-ready
	$(RUN) scripts/audit.py

lock: .venv/dev-ready
	$(RUN) scripts/lock.py

# Python compiles what is used when it is first imported; compiling all of every library took half of the time of an install.
.venv/run-ready: requirements.lock
	$(RUN) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(RUN) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

.venv/dev-ready: requirements-dev.lock .venv/run-ready
	$(RUN) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
