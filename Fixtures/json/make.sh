#!/usr/bin/env bash
# Makes everything.v1.json with a running holdfast-server: every type with everything it carries, in a sorted file.
#
# usage: make.sh PATH-OF-HOLDFAST-SERVER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
port=${PORT:-27391}
"$1" --port "$port" --bind 127.0.0.1 --dir "$work" --backend json --save "" --json-sorted yes >"$work/log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
r() { redis-cli -p "$port" "$@" >/dev/null; }
until r ping 2>/dev/null; do sleep 0.1; done
r set text 'Grüße, 世界 "quoted" \ / '
printf 'a\nb\001\377' | redis-cli -p "$port" -x set binary >/dev/null
r set number 12345
r set dated value pxat 4102444800000
r rpush list one two '' three
r sadd integers 3 1 2
r sadd set b a ü
r zadd zset 1.5 middle inf top -inf bottom 0.1 tenth 1e300 high
r hset hash field value other '' ''  'empty name'
r hpexpireat hash 4102444800001 fields 1 other
r xadd stream 1-1 f v
r xadd stream 2-1 f v g w
r xadd stream 3-1 f v
r xdel stream 2-1
r xgroup create stream readers 0 entriesread 0
r xgroup create stream idle '$'
r xreadgroup group readers alice count 1 streams stream '>'
r xgroup createconsumer stream readers bob
r xclaim stream readers alice 0 1-1 time 1700000000000 retrycount 3 force justid
r -n 9 set elsewhere here
r save
cp "$work/dump.json" "$here/everything.v1.json"
