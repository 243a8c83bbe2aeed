# One image for all services and for the job that makes their Secrets: the argument says what runs.
#
#   docker build -t orderly:0.1.0 --build-arg REVISION=$(git rev-parse HEAD) .
#   docker run --rm orderly:0.1.0 notification
#   docker run --rm orderly:0.1.0 migrate notification
#   docker run --rm orderly:0.1.0 make-keys

ARG NODE_VERSION=24.21.0
ARG DEBIAN_RELEASE=bookworm
# A tag may name another image tomorrow. To pin these two, put the digest behind it (`…@sha256:…`).
ARG NODE_IMAGE=node:${NODE_VERSION}-${DEBIAN_RELEASE}-slim
ARG DEBIAN_IMAGE=debian:${DEBIAN_RELEASE}-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Exactly what the lock file says, and no package's own scripts. Declarations and
# source maps are read by no running service; the rest is what the packages ship.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

# Not the Node image again: no npm, no yarn, no corepack, nothing to build with.
FROM ${DEBIAN_IMAGE}
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY openapi openapi
COPY src src

ENV NODE_ENV=production
# The C library gives back what was freed: see src/local/launcher/node-options.ts.
ENV MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=131072
# What Node compiled is kept in the image, for this user and these options of Node. Without it each
# process would load the compiler that strips types, which takes 14 MB for as long as it runs.
ENV NODE_COMPILE_CACHE=/app/cache
RUN mkdir cache && chown 10001:10001 cache
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
# All code is loaded: the build fails, not the cluster, if Node misses a library here or a service a
# package.
RUN ["node", "--max-semi-space-size=8", "--v8-pool-size=1", "src/main.ts", "warm-up"]

# Node as process 1 gets the signal itself: main.ts stops serving, drains, and ends.
STOPSIGNAL SIGTERM
EXPOSE 8000-8008
ENTRYPOINT ["node", "--max-semi-space-size=8", "--v8-pool-size=1", "src/main.ts"]
# No service was named: say which ones there are.
CMD ["help"]

# The last layer, because it is another one at each commit.
ARG REVISION=unknown
LABEL org.opencontainers.image.title="orderly" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.description="The order back end that never loses a rouble or a letter" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="MIT"
