#!/usr/bin/env bash
# The modes of redis-cli that look at a whole server; those that never end are ended.
#   .ci/clients/redis-cli-modes.sh PORT FOLDER
set -euo pipefail
port=$1 folder=$2
mkdir -p "$folder"
say() { redis-cli -p "$port" "$@"; }
# Ends a mode after so many seconds, which is no failure.
for_seconds() {
    local code=0
    timeout -s INT "$1" stdbuf -oL redis-cli -p "$port" "${@:2}" || code=$?
    [ "$code" = 124 ] || [ "$code" = 0 ] || [ "$code" = 130 ] || [ "$code" = 1 ]
}
say flushall >/dev/null
seq 2000 | sed 's/.*/SET key:& value&/' | say --pipe | grep -q 'errors: 0, replies: 2000'
seq 500 | sed 's/.*/RPUSH big:list &/' | say --pipe >/dev/null
seq 300 | sed 's/.*/HSET big:hash & &/' | say --pipe >/dev/null
[ "$(say --scan --pattern 'key:1*' | wc -l)" = 1111 ]
say --bigkeys >"$folder/bigkeys"
grep -q 'Biggest *list found .*big:list.* has 500 items' "$folder/bigkeys"
grep -q 'Biggest *hash found .*big:hash.* has 300 fields' "$folder/bigkeys"
say --memkeys >"$folder/memkeys"
grep -q 'Sampled 2002 keys in the keyspace' "$folder/memkeys"
for_seconds 2 --stat -i 0.2 >"$folder/stat"
grep -qE '^2002 ' "$folder/stat"
for_seconds 2 --latency --raw >"$folder/latency"
grep -qE '^[0-9]+ [0-9]+ [0-9.]+ [0-9]+' "$folder/latency"
for_seconds 2 --latency-history -i 1 >"$folder/history" || true
if [ -z "$(say command info monitor)" ]; then
    echo "the server has no MONITOR yet: redis-cli's other modes work"
    exit 0
fi
for_seconds 3 monitor >"$folder/monitor" &
monitor=$!
for ((waited = 0; waited < 25; waited++)); do
    say set watched yes >/dev/null
    if grep -q '"set" "watched" "yes"' "$folder/monitor"; then break; fi
    sleep 0.1
done
wait "$monitor"
grep -qE '^[0-9]+\.[0-9]+ \[0 127\.0\.0\.1:[0-9]+\] "set" "watched" "yes"' "$folder/monitor"
say flushall >/dev/null
echo "redis-cli's modes work"
