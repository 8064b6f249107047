# Ballast in a container: docs/operating.md says how it is used.
FROM python:3.12-slim-bookworm AS libraries
COPY requirements.lock /requirements.lock
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.lock

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home ballast && chmod 700 /data
COPY --from=libraries /venv /venv
WORKDIR /app
COPY chatbot /app/chatbot
COPY handlers /app/handlers
COPY locale /app/locale
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 CHATBOT_DATA_DIR=/data
USER 10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + (os.environ.get('CHATBOT_PORT') or '8080') + '/healthz', timeout=8)"]
CMD ["python", "-m", "chatbot", "run"]
