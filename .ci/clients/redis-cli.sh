#!/usr/bin/env bash
# A session with redis-cli, its output compared word for word.
#   redis-cli.sh PORT
set -euo pipefail
port=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cli() { redis-cli -p "$port" "$@"; }

expect() {
    local wanted=$1 got
    shift
    got=$(cli --no-raw "$@")
    if [ "$got" != "$wanted" ]; then
        printf 'redis-cli %s\n  wanted: %s\n  got:    %s\n' "$*" "$wanted" "$got" >&2
        return 1
    fi
}

expect 'PONG' ping
expect 'OK' set greeting hello
expect '"hello"' get greeting
expect '(nil)' get nothing
expect '(integer) 5' strlen greeting
expect '(integer) 3' rpush list a b c
expect $'1) "a"\n2) "b"\n3) "c"' lrange list 0 -1
expect '(integer) 2' hset hash field value other 2
expect $'1) "value"\n2) (nil)' hmget hash field none
expect '(integer) 3' sadd set 1 2 3
expect '"intset"' object encoding set
expect '(integer) 2' zadd board 1.5 ann 2 bob
expect $'1) "ann"\n2) "1.5"\n3) "bob"\n4) "2"' zrange board 0 -1 withscores
expect '(error) WRONGTYPE Operation against a key holding the wrong kind of value' incr list
expect $'1) "field"\n2) "value"\n3) "other"\n4) "2"' hgetall hash
expect $'1# "field" => "value"\n2# "other" => "2"' -3 hgetall hash
expect '(double) 1.5' -3 zscore board ann
expect '(integer) 1' expire greeting 100 nx
expect 'OK' -n 5 set elsewhere 1
expect '(integer) 5' dbsize

# Commands from a pipe, the binary protocol from a file, and the tools built in.
printf 'incr n\nincr n\n' | cli >"$folder/out"
[ "$(cat "$folder/out")" = $'1\n2' ]
for number in $(seq 1 1000); do
    printf '*3\r\n$3\r\nSET\r\n$%d\r\npipe:%d\r\n$1\r\nx\r\n' $((5 + ${#number})) "$number"
done | cli --pipe | tail -n 1 | grep -qx 'errors: 0, replies: 1000'
[ "$(cli --scan --pattern 'pipe:*' | sort -u | wc -l)" = 1000 ]
cli --bigkeys >"$folder/out"
grep -q 'Biggest  *list found' "$folder/out"
cli --memkeys >/dev/null
cli info server | grep -q '^redis_version:'
cli -x set fromstdin <"$0"
[ "$(cli strlen fromstdin)" = "$(wc -c <"$0")" ]
expect 'OK' flushall
