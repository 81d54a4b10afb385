# syntax=docker/dockerfile:1
# Two stages: what compiles or downloads stays in the first. Builds for amd64 and arm64: every package has a wheel.
FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/milvusfaq \
    && /opt/milvusfaq/bin/pip install --require-hashes --only-binary=:all: -r requirements.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary=:all: -r requirements-build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY bot bot
COPY rag rag
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/milvusfaq/bin/pip install --no-deps /wheels/*.whl \
    && /opt/milvusfaq/bin/python -m pip uninstall --yes pip

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent milvusfaq \
    && install --directory --owner=milvusfaq --group=milvusfaq --mode=0700 /data
COPY --from=build /opt/milvusfaq /opt/milvusfaq
# Milvus Lite and the ledger lie in /data, unless MILVUS_URI and DATABASE_URL name servers; nothing else is written.
ENV PATH=/opt/milvusfaq/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MILVUS_URI=/data/milvus_faq.db \
    LOG_FORMAT=json \
    OPERATIONS_PORT=9090
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 9090
# The bot is process 1, so SIGTERM reaches it: it finishes what it answers within SHUTDOWN_GRACE_S (20).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "bot.operations.probe"]
ENTRYPOINT ["milvusfaq"]
CMD ["start"]
