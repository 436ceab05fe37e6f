#!/bin/sh
# Makes the snapshots of this folder with the redis-server on PATH. Usage: make.sh [port]
set -e
cd "$(dirname "$0")"
port=${1:-7791}
folder=$(mktemp -d)
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save "" --daemonize yes \
    --pidfile "$folder/pid" --logfile "$folder/log" > /dev/null
cli() { redis-cli -p "$port" "$@" > /dev/null; }
until cli PING; do sleep 0.1; done

fill() {
    cli FLUSHALL
    cli SET text "hello world"
    cli SET integer 12345
    cli SET repeated aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    cli SET expiring soon PXAT 4000000000000
    cli RPUSH list a b 3 -70000 ""
    cli SADD integers 1 -2 70000 5000000000
    cli SADD words x y 7
    cli ZADD scores 1.5 one -inf least inf most 3 three
    cli HSET hash field value number 42
    cli XADD stream 5-1 place here value 1
    cli XADD stream 5-2 place there value 2
    cli XADD stream 7-0 other fields
    cli XADD stream 9-9 place gone value 3
    cli XDEL stream 9-9
    cli XGROUP CREATE stream group 0
    cli XGROUP CREATECONSUMER stream group idle
    cli XREADGROUP GROUP group worker COUNT 2 STREAMS stream ">"
    cli XACK stream group 5-1
    cli -n 3 SET elsewhere yes
    cli FUNCTION LOAD REPLACE "#!lua name=library
redis.register_function('one', function() return 1 end)"
    cli SAVE
    cp "$folder/dump.rdb" "$1"
    chmod 644 "$1"
}

fill packed.v10.rdb
cli CONFIG SET hash-max-listpack-entries 0 zset-max-listpack-entries 0 \
    set-max-intset-entries 0 list-max-listpack-size 1 stream-node-max-entries 1
fill plain.v10.rdb
kill "$(cat "$folder/pid")"
size=$(stat -c %s packed.v10.rdb)
head -c $((size - 100)) packed.v10.rdb > packed.v10.torn.rdb
sed 's/hello world/hello vorld/' packed.v10.rdb > packed.v10.corrupt.rdb
rm -r "$folder"
