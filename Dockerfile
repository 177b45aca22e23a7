# One image for web server, worker and beat: the command tells which (docker-compose.yml).

FROM python:3.13-slim AS built
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /srv/tracker
COPY requirements/server.txt requirements/
RUN pip install --requirement requirements/server.txt
COPY . .
# Compiled and compressed here, so that a container starts in a second and writes nothing.
RUN TRACKER_DATA_DIR=/tmp/data python manage.py prepare && rm -rf /tmp/data \
    && python -m compileall -q /opt/venv/lib tracker artifacts dashboard manage.py

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home tracker && install -d -o tracker -g tracker -m 700 /data
COPY --from=built /opt/venv /opt/venv
COPY --from=built /srv/tracker /srv/tracker
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TRACKER_DATA_DIR=/data
WORKDIR /srv/tracker
USER 10001
EXPOSE 8000
CMD ["python", "manage.py", "web"]
