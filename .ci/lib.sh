# What .ci/run's steps share. Sourced, not run.

HOST=$(rustc -vV | sed -n 's/^host: //p')
ROTOM=$PWD/${CARGO_TARGET_DIR:-target}/release/rotom-server
case "${CARGO_TARGET_DIR:-}" in /*) ROTOM=$CARGO_TARGET_DIR/release/rotom-server ;; esac
SCRATCH=$(mktemp -d)
SERVER_PID=
PORT=
STEP=start

clean_up() {
    local code=$?
    if [ -n "$SERVER_PID" ]; then
        kill -9 "$SERVER_PID" 2>/dev/null || true
        [ "$code" = 0 ] || tail -n 50 "$SCRATCH/server.log" >&2 || true
    fi
    rm -rf "$SCRATCH"
    [ "$code" = 0 ] || echo "=== failed in step $STEP" >&2
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs steps in order, with name and time.
run_steps() {
    local begun started
    begun=$SECONDS
    # Steps given by name may need what the first one installs.
    if [ "$1" != tools ]; then
        case " $* " in *py* | *redis* | *tls* | *exporter* | *aof* | *differential* | *benchmark* | *instructions*) set -- tools "$@" ;; esac
    fi
    for STEP in "$@"; do
        started=$SECONDS
        echo "=== $STEP"
        "step_$STEP"
        echo "=== $STEP: $((SECONDS - started)) s"
    done
    echo "=== all steps passed in $((SECONDS - begun)) s"
}

# Debian's packages for the commands that are missing.
install_packages() {
    local missing=()
    command -v redis-server >/dev/null || missing+=(redis-server)
    command -v redis-benchmark >/dev/null || missing+=(redis-tools)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    command -v valgrind >/dev/null || missing+=(valgrind)
    command -v openssl >/dev/null || missing+=(openssl)
    command -v prometheus-redis-exporter >/dev/null || missing+=(prometheus-redis-exporter)
    [ -e /usr/include/hiredis/hiredis.h ] || missing+=(libhiredis-dev)
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    # A package that brings a server must not start it.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Builds the core for a target without std: with the target's own library where it is installed, from the
# library's sources where those are at hand, and otherwise after `rustup target add`. That it builds is all that counts,
# so nothing is optimised.
build_core_for() {
    local -x CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0
    local target=$1 root toolchain=../shared/toolchain/install.sh
    root=$(rustc --print sysroot)/lib/rustlib
    if [ ! -d "$root/$target/lib" ]; then
        [ ! -x "$toolchain" ] || "$toolchain"
        if [ -e "$root/src/rust/library/core/src/lib.rs" ]; then
            RUSTC_BOOTSTRAP=1 cargo build --locked -Zbuild-std=core,alloc --target "$target" -p rotom-core
            return
        fi
        rustup target add "$target"
    fi
    cargo build --locked --target "$target" -p rotom-core
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts a server on a free port (PORT) in an empty folder, and waits until it answers.
start_server() {
    local attempt waited
    for attempt in 1 2 3; do
        PORT=$(free_port)
        rm -rf "$SCRATCH/data"
        mkdir -p "$SCRATCH/data"
        "$1" --port "$PORT" --dir "$SCRATCH/data" "${@:2}" >"$SCRATCH/server.log" 2>&1 &
        SERVER_PID=$!
        for ((waited = 0; waited < 300; waited++)); do
            # Another program may have taken the port meanwhile: then ours has ended.
            kill -0 "$SERVER_PID" 2>/dev/null || continue 2
            if redis-cli -p "$PORT" ping 2>/dev/null | grep -q PONG; then return 0; fi
            sleep 0.1
        done
        echo "the server does not answer" >&2
        return 1
    done
    echo "the server does not start" >&2
    return 1
}

# Ends the server as a supervisor would; it must end well, and must have said nothing about a failure.
stop_server() {
    kill -TERM "$SERVER_PID"
    wait "$SERVER_PID"
    SERVER_PID=
    if grep -iE 'panicked|overflow' "$SCRATCH/server.log"; then return 1; fi
}
