# The server alone: one static file in an empty image.
#
#   docker build -t rotom .
#   docker run -p 6379:6379 -v rotom:/data rotom --appendonly yes

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
# `.ci/static` builds and runs the same file. The target is named so that build scripts are not linked statically.
RUN RUSTFLAGS='-C target-feature=+crt-static' \
        cargo build --release --locked --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && mkdir -p /image/data \
    && cp target/*/release/rotom-server /image/

FROM scratch
COPY --from=build --chown=10001:10001 /image/ /
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 6379
# A container is reached through addresses that are not the loopback's, and only on ports that somebody published: so
# it listens everywhere, and protected mode is off, as in Redis's image. Give a password where others can connect.
# More flags follow: `--appendonly yes`, `--include /data/redis.conf`.
ENTRYPOINT ["/rotom-server", "--bind", "*", "-::*", "--protected-mode", "no"]
