# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /venv
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY syndicator ./syndicator
COPY config ./config
RUN /venv/bin/pip install -c constraints.txt '.[otel,cold]'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="syndicator" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin syndicator \
    && install -d -m 700 -o syndicator -g syndicator /data
COPY --from=build /venv /venv
WORKDIR /app
COPY config ./config

# Your configuration goes to /app/config; everything that must stay is in /data.
ENV PATH="/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SYNDICATOR_CONFIG=/app/config \
    SYNDICATOR__STORE__DATA_DIR=/data \
    SYNDICATOR__SERVER__HOST=0.0.0.0
USER syndicator
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('SYNDICATOR__SERVER__PORT', '8080') + '/healthz', timeout=4)"]
ENTRYPOINT ["syndicator"]
CMD ["run"]
