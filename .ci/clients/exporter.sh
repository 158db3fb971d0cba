#!/usr/bin/env bash
# Debian's Prometheus exporter for Redis: it must scrape without an error, and find what dashboards show.
#   .ci/clients/exporter.sh PORT EXPORTER_PORT
set -euo pipefail
port=$1 own=$2
redis-cli -p "$port" set a 1 >/dev/null
redis-cli -p "$port" set b 1 ex 100 >/dev/null
prometheus-redis-exporter -redis.addr "redis://127.0.0.1:$port" -web.listen-address "127.0.0.1:$own" >/dev/null 2>&1 &
exporter=$!
trap 'kill "$exporter" 2>/dev/null || true' EXIT
fetch() { python3 -c 'import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())' "$1"; }
for ((waited = 0; waited < 100; waited++)); do
    if metrics=$(fetch "http://127.0.0.1:$own/metrics" 2>/dev/null); then break; fi
    sleep 0.1
done
for wanted in 'redis_up 1' 'redis_exporter_last_scrape_error{err=""} 0' 'redis_connected_clients ' 'redis_memory_used_bytes ' \
    'redis_memory_max_bytes ' 'redis_commands_processed_total ' 'redis_commands_total{cmd="set"} ' 'redis_db_keys{db="db0"} ' \
    'redis_db_keys_expiring{db="db0"} ' 'redis_keyspace_hits_total ' 'redis_expired_keys_total ' 'redis_evicted_keys_total ' \
    'redis_uptime_in_seconds ' 'redis_net_input_bytes_total ' 'redis_cpu_user_seconds_total ' 'redis_slowlog_length ' \
    'redis_instance_info{' 'redis_blocked_clients ' 'redis_rejected_connections_total ' 'redis_aof_enabled ' \
    'redis_config_maxclients '; do
    if ! grep -qF "$wanted" <<<"$metrics"; then
        echo "the exporter does not tell '$wanted'" >&2
        grep -E '^redis_(up|exporter_last)' <<<"$metrics" >&2
        exit 1
    fi
done
echo "the exporter tells $(grep -c '^redis_' <<<"$metrics") figures"
