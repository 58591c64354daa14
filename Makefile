# Every target sets up .venv by itself when it is missing or older than what it was made from.
#   make train   set-up, then SAC on VLA-Reach-G1: success rate, curve.png, play.mp4
#   make vla     set-up, then from nothing to a policy that follows instructions from pixels, and a table
#   make test    set-up, then the tests (not those marked slow, gpu, kit, ros)
#   make check   set-up, then ruff and pyright
#   make kit     the extension in the real Omniverse Kit, headless (its own environment, .venv-kit)
#   make ros     the ROS 2 node with the real rclpy (its own environment, .venv-ros)

PYTHON ?= python3.12
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
ROS := .venv-ros
ROS_READY := $(ROS)/.ready

.PHONY: train vla test slow kit ros check format lock clean

train: $(READY)
	$(RUN) scripts/train.py --task VLA-Reach-G1 --agent sac

vla: $(READY)
	$(RUN) scripts/vla.py

test: $(READY)
	$(RUN) -m pytest --numprocesses 2 --dist loadgroup

slow: $(READY)
	$(RUN) -m pytest -m slow

kit: $(READY)
	$(RUN) -m pytest -m kit tests/kit

ros: $(READY) $(ROS_READY)
	$(RUN) -m pytest -m ros tests/ros

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

format: $(READY)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

lock: $(READY)
	$(VENV)/bin/uv pip compile pyproject.toml --extra dev --extra ovphysx --python-version 3.12 \
		--no-header --no-annotate --no-emit-index-url --quiet -o requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist *.egg-info exts/*.egg-info

$(READY): requirements.lock pyproject.toml setup.py extension.toml .python-version
	@command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' || \
		{ echo "error: Python 3.12 is not here as '$(PYTHON)': install it, or run 'make PYTHON=/path/to/python3.12'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n 's/^uv==//p' requirements.lock)"
	$(VENV)/bin/uv pip install --quiet --python $(RUN) -r requirements.lock
	$(VENV)/bin/uv pip install --quiet --python $(RUN) --no-deps --editable .
	@touch $@

# rclpy's packages change how every Python of their environment starts: not for .venv
$(ROS_READY): tests/ros/requirements.txt | $(READY)
	$(PYTHON) -m venv --clear $(ROS)
	$(VENV)/bin/uv pip install --quiet --python $(ROS)/bin/python -r tests/ros/requirements.txt
	$(VENV)/bin/uv pip install --quiet --python $(ROS)/bin/python --no-deps --editable .
	@touch $@
