#!/usr/bin/env bash
# redis-benchmark against a server: every test must end, without any error reply.
#   benchmark.sh PORT
set -euo pipefail
port=$1
tests=set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset
out=$(mktemp)
trap 'rm -f "$out"' EXIT

bench() {
    # The tool writes progress over one line; only the last state of each counts.
    redis-benchmark -p "$port" -q "$@" >"$out" 2>&1 || {
        tr '\r' '\n' <"$out" | grep -av 'rps=' >&2
        return 1
    }
    tr '\r' '\n' <"$out" | grep -a 'requests per second'
    if grep -qaiE 'error|warning|could not' "$out"; then return 1; fi
    local errors
    errors=$(redis-cli -p "$port" info errorstats | grep -a '^errorstat' || true)
    if [ -n "$errors" ]; then echo "error replies: $errors" >&2; return 1; fi
}

bench -n 20000 -r 100000 -t "$tests"
bench -n 100000 -r 100000 -P 16 -t "$tests"
bench -n 100000 -r 100000 -P 64 -d 512 -t set,get,mset
# The default suite, as somebody would run it who wants to have a look.
bench -n 10000
redis-cli -p "$port" flushall
[ "$(redis-cli -p "$port" dbsize)" = 0 ]
