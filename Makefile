# make demo   joint angles of a person in a real video, live on ROS 2 topics; then a report
#             (VIDEO=path for your own video, VIDEO=0 for a webcam, ARGS=--bag to record)
# make test   all tests (ARGS='-k message' for some)
# make weights  every file that is learnt, from public data alone, in rebuilt/: docs/training.md
#             (DATA=folder and OUT=folder for others, ARGS=--tiny to try it)
# make venv   only the environment that they need, with .venv/bin/biopose
# make clean  remove the environment and everything built

SHELL := bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
STAMPS := .venv/stamps
# Of pip only errors are shown, and those in full. For the demonstration Python compiles what is
# used, when it is used: all modules would take half a minute. `make venv` compiles the others.
export PYTHONDONTWRITEBYTECODE :=
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --no-input --prefer-binary \
	--no-compile --disable-pip-version-check --constraint constraints.txt

# The Python sources are not among them: the install is editable and follows them by itself.
PACKAGE_FILES := CMakeLists.txt package.xml pyproject.toml setup.py constraints.txt \
	$(wildcard requirements*.txt) biopose_ros/__init__.py \
	$(shell find cmake config launch msg srv weights -type f -not -name '*.pyc')

DATA := data
OUT := rebuilt

.PHONY: demo test venv weights clean

demo: $(STAMPS)/network
	$(BIN)/biopose demo $(VIDEO) $(ARGS)

# Two processes suit two cores, since many tests wait for other processes; a file stays in one.
test: venv
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

weights: venv
	$(PIP_INSTALL) --editable '.[body]' --no-build-isolation
	$(BIN)/biopose data fetch $(DATA)
	$(BIN)/biopose train all $(OUT) --data $(DATA) $(ARGS)

venv: $(STAMPS)/networks $(STAMPS)/extras

$(STAMPS)/environment:
	@python=$$(.ci/system-tools) && \
		echo "== Making the Python environment .venv ($$("$$python" --version))" && \
		"$$python" -m venv .venv
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/build-tools: $(STAMPS)/environment requirements-build.txt
	@echo '== Installing the ROS 2 wheels that build the messages'
	@$(PIP_INSTALL) --requirement requirements-build.txt
	@touch $@

$(STAMPS)/package: $(STAMPS)/build-tools $(PACKAGE_FILES)
	@.ci/system-tools >/dev/null
	@echo '== Installing biopose_ros, its dependencies and its messages: a minute or two'
	@$(BIN)/python setup.py --quiet build_ext >/dev/null 2>&1 & \
		$(PIP_INSTALL) --no-build-isolation --editable '.[import]'; wait
	@touch $@

$(STAMPS)/extras: $(STAMPS)/package
	@echo '== Installing what tests and training need besides'
	@$(PIP_INSTALL) --no-build-isolation --editable \
		'.[c3d,cluster,docs,import,opensim,test,training,viewer]'
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || : # a few packages hold templates
	@touch $@

# The most accurate one that can be had is enough for the demonstration.
$(STAMPS)/network: | $(STAMPS)/package
	@echo '== Fetching the network'
	@$(BIN)/biopose weights import \
		pose_landmark_$$(command -v npm >/dev/null && echo heavy || echo full)
	@touch $@

$(STAMPS)/networks: | $(STAMPS)/network
	@echo '== Fetching the other networks'
	@$(BIN)/biopose weights import
	@touch $@

clean:
	rm -rf .venv build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
