# The bot in a container: `docker build -t antenne .`, then docker-compose.yml.
# It runs as a user without rights and writes to /var/lib/antenne only, so the root file system may be read-only.
ARG PYTHON=3.12-slim-bookworm

# --- the libraries, each with its hash -----------------------------------------------------------------------
FROM python:${PYTHON} AS libraries
COPY requirements/run.txt /tmp/run.txt
RUN python -m venv --without-pip /opt/antenne \
 && python -m pip --python /opt/antenne/bin/python install --no-input --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes --requirement /tmp/run.txt

# --- the program ---------------------------------------------------------------------------------------------
FROM python:${PYTHON}
# Debian's own versions of a stable release change for security only, and an old one cannot be had: no pins.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-nld \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 antenne \
 && useradd --uid 10001 --gid antenne --no-create-home --home-dir /var/lib/antenne --shell /usr/sbin/nologin antenne \
 && install --directory --owner antenne --group antenne --mode 0700 /var/lib/antenne
COPY --from=libraries /opt/antenne /opt/antenne
COPY LICENSE /srv/antenne/
COPY flows /srv/antenne/flows
COPY bot /srv/antenne/bot
COPY adapters /srv/antenne/adapters
COPY examples /srv/antenne/examples
ENV PATH=/opt/antenne/bin:$PATH \
    PYTHONPATH=/srv/antenne \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Compiled here, since nothing can be compiled where nothing can be written.
RUN python -m compileall -q /srv/antenne

USER 10001:10001
# What the bot keeps by default, var/antenne.db and var/secret.key, lies in here.
WORKDIR /var/lib/antenne
VOLUME /var/lib/antenne
EXPOSE 8420
# Python ends tidily on the same signal as Ctrl+C.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:%s/healthz' % os.environ.get('ANTENNE_PORT', '8420'), timeout=4)"]
ENTRYPOINT ["python", "-P", "-c", "from adapters.main import app; app(prog_name='antenne')"]
CMD ["serve"]
