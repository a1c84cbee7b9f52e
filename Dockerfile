# One image for every service: `serve`, `worker` and `migrate` are commands of its entrypoint.

FROM python:3.13-slim-trixie AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/stepsize
WORKDIR /src
# The dependencies first: a change of our own code does not install them anew.
COPY requirements.lock ./
RUN /opt/stepsize/bin/pip install --only-binary :all: --require-hashes -r requirements.lock
COPY client client
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY alembic alembic
COPY examples examples
RUN /opt/stepsize/bin/pip wheel --no-deps --wheel-dir /wheels ./client . \
    && /opt/stepsize/bin/pip install --no-deps --no-index /wheels/*.whl


FROM python:3.13-slim-trixie

LABEL org.opencontainers.image.title="Stepsize" \
      org.opencontainers.image.description="Tunes gradient-descent optimizers and recommends learning-rate schedules" \
      org.opencontainers.image.licenses="Apache-2.0"

# A fixed id, so that the owner of a mounted folder can be set from outside.
RUN groupadd --gid 10001 stepsize \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin stepsize \
    && install --directory --owner=stepsize --group=stepsize --mode=0750 /data
COPY --from=build /opt/stepsize /opt/stepsize

# The address is open to whatever reaches the container, so `serve` refuses to start until somebody says with
# STEPSIZE_ALLOW_OPEN=1 that the port is published to friends only.
ENV PATH=/opt/stepsize/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STEPSIZE_HOST=0.0.0.0

USER 10001:10001
# The SQLite files lie here, where no STEPSIZE_DATABASE_URL says otherwise.
WORKDIR /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('STEPSIZE_PORT', '8000') + '/healthz', timeout=4)"]
ENTRYPOINT ["stepsize"]
CMD ["serve"]
