#!/usr/bin/env bash
# Encrypted connections with redis-cli, redis-benchmark and redis-py, with certificates made by openssl.
#   .ci/clients/tls.sh SERVER PLAIN_PORT TLS_PORT FOLDER PYTHON
set -euo pipefail
server=$1 plain=$2 port=$3 folder=$4 python=$5
mkdir -p "$folder"
cd "$folder"

make_certificate() { # NAME KIND...
    openssl req -newkey "${@:2}" -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$1.crt" \
        -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1') 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 2 2>/dev/null
make_certificate server rsa:2048
make_certificate client ec -pkeyopt ec_paramgen_curve:prime256v1

"$server" --port "$plain" --tls-port "$port" --tls-cert-file server.crt --tls-key-file server.key --tls-ca-cert-file ca.crt \
    --save '' >log 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null || true' EXIT
say() { redis-cli -p "$port" --tls --cacert ca.crt "$@"; }
own() { say --cert client.crt --key client.key "$@"; }
for ((waited = 0; waited < 100; waited++)); do
    [ "$(own ping 2>/dev/null)" != PONG ] || break
    sleep 0.1
done
[ "$(own ping)" = PONG ]
# A client without a certificate is not served.
[ "$(say ping 2>/dev/null)" != PONG ]
[ "$(own config set tls-auth-clients optional)" = OK ]
[ "$(say ping)" = PONG ]
head -c 3000000 /dev/urandom | base64 -w0 >big
[ "$(own -x set big <big)" = OK ]
own get big | head -c "$(stat -c %s big)" | cmp - big
seq 20000 | sed 's/.*/SET key:& &/' | own --pipe | grep -q 'errors: 0'
if redis-benchmark --help 2>&1 | grep -q -- --tls; then
    timeout 60 redis-benchmark -p "$port" --tls --cacert ca.crt -t set,get,lpush -n 20000 -P 8 -q
fi
# Another certificate under the same name, while the server runs.
make_certificate server ec -pkeyopt ec_paramgen_curve:prime256v1
[ "$(own config set tls-cert-file server.crt tls-key-file server.key)" = OK ]
openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt </dev/null 2>/dev/null >shown || true
grep -qE 'CN ?= ?server' shown
grep -q 'Verify return code: 0' shown
"$python" - "$port" <<'PYTHON'
import ssl
import sys

import redis

settings = dict(host="localhost", port=int(sys.argv[1]), ssl=True, ssl_ca_certs="ca.crt")
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    client = redis.Redis(**settings, ssl_min_version=version)
    assert client.ping()
    pipeline = client.pipeline(transaction=False)
    for number in range(5000):
        pipeline.set(f"key:{number}", "x" * number)
        pipeline.get(f"key:{number}")
    replies = pipeline.execute()
    assert all(len(reply) == number for number, reply in enumerate(replies[1::2]))
    client.close()
with_certificate = redis.Redis(**settings, ssl_certfile="client.crt", ssl_keyfile="client.key")
assert with_certificate.config_set("tls-auth-clients", "yes")
assert with_certificate.ping()
try:
    redis.Redis(**settings).ping()
except redis.exceptions.ConnectionError:
    pass
else:
    raise SystemExit("a client without a certificate was served")
PYTHON
kill -TERM "$pid"
wait "$pid"
trap - EXIT
echo "encrypted connections are served"
