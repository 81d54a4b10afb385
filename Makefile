# `make demo` and `make test` set up what they need. Python 3.11 or later and a package index; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
APT := apt-get -qq --no-install-recommends -o Acquire::http::Timeout=20 -o Acquire::Retries=1

.PHONY: setup demo test browser promtool pictures validate-live check format bench soak outage image-steps transcript real-model tune calibrate hearing quality requirements audit sbom clean
.DELETE_ON_ERROR:

setup: $(STAMP)

$(STAMP): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "milvusfaq needs Python 3.11 or later: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# A Slack-like page on this machine; where nobody can look (no terminal, or CI), one question and its thread.
demo: setup
	@MILVUS_URI="$${MILVUS_URI:-$(VENV)/demo.db}" $(BIN)/milvusfaq demo

test: setup
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# The browser of the page's tests, which are skipped without it: Debian's, where this user may install it.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && $(APT) update && $(APT) install chromium >/dev/null; } \
		|| echo "There is no Chromium here: the browser's tests are skipped."

# promtool, for the alert rules' test: Debian's, where this user may install it.
promtool:
	@command -v promtool >/dev/null || { [ "$$(id -u)" = 0 ] && $(APT) update && $(APT) install prometheus >/dev/null; } \
		|| echo "There is no promtool here: the test of the alert rules is skipped."

# docs/images: the page of the demo in its main states.
pictures: setup
	$(BIN)/python -m benchmarks.pictures

# Each payload that the bot sends, held against Slack's own blocks.validate: needs the network, no token.
validate-live: setup
	$(BIN)/python -m benchmarks.validate_live

# Ours beside a plain Bolt app and the bare model's stream, in one run; ten minutes, most of them for 10,000 questions.
# make bench AGAINST=REV: beside another commit instead, asked in turn, with the ratios; eight minutes.
# python -m benchmarks.growth: large ledgers, many passages, many questions (docs/scaling.md).
bench: setup
	$(BIN)/python -m benchmarks.$(if $(AGAINST),against $(AGAINST) $(if $(SCRAPE),--scrape),measure)

# Two bots for five minutes, while all that they stand on fails by turns; this machine's loopback only.
soak: setup
	$(BIN)/python -m benchmarks.soak

# Each thing that a bot stands on is broken by turns: what /readyz, the alerts and the doctor say; some five minutes.
outage: setup
	$(BIN)/python -m benchmarks.outage

# The Dockerfile's steps without a container engine, then the bot that they make, also within 512 MB.
image-steps: setup
	$(BIN)/python -m benchmarks.image_steps --limit 512

# docs/transcript.md: what people see, from a run against the stand-ins.
transcript: setup
	$(BIN)/python -m benchmarks.transcript

# A real small language model behind the bot: 25 questions, the figures of docs/quality.md; ten minutes, a download.
real-model: setup
	$(BIN)/python -m benchmarks.real_model

# Learn the ranking's weights (with POSTS= and FOREIGN= from those too), and fit what is off topic.
tune: setup
	$(BIN)/python -m benchmarks.tune $(QUESTIONS) $(if $(POSTS),--posts $(POSTS)) \
		$(if $(FOREIGN),--foreign $(FOREIGN)) --write
calibrate: setup
	$(BIN)/python -m benchmarks.calibrate $(QUESTIONS) --write

# Learn what a post wants from benchmarks/rows/hearing.jsonl, and print how well it does on rows that it has not seen.
hearing: setup
	$(BIN)/python -m benchmarks.train_hearing --write

# The tables of docs/quality.md: make quality DOCS=milvus_docs_2.4.x_en.zip QUESTIONS=dev.jsonl
# More tables by POSTS=, FOREIGN= and REMARKS=, each a file; ABLATION=1 switches off each part by itself: 15 minutes.
quality: setup
	$(BIN)/python -m benchmarks.indexing $(DOCS)
	$(BIN)/python -m benchmarks.quality $(DOCS) $(QUESTIONS) $(if $(POSTS),--posts $(POSTS)) \
		$(if $(FOREIGN),--foreign $(FOREIGN)) $(if $(REMARKS),--remarks $(REMARKS)) $(if $(ABLATION),--ablation)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pinned with hashes, for every platform and Python >= 3.11; names no package index. requirements.txt is what runs the
# bot, requirements-build.txt what makes its wheel, requirements-dev.txt all of that with what tests and checks need.
COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
requirements:
	$(COMPILE) --extra otel pyproject.toml --output-file requirements.txt
	$(COMPILE) setup-requirements.in --output-file requirements-build.txt
	$(COMPILE) --extra dev --constraint requirements.txt pyproject.toml setup-requirements.in \
		--output-file requirements-dev.txt

# Known vulnerabilities of what requirements.txt pins; asks the network, needs uv.
audit:
	uv tool run pip-audit --requirement requirements.txt --require-hashes --disable-pip

# What the image holds, as CycloneDX tells it; needs uv.
sbom: setup
	uv tool run --from cyclonedx-bom cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--output-file milvusfaq.cdx.json

clean:
	rm -rf $(VENV) build *.egg-info
