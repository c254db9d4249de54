#!/bin/sh
# In the container redis-sentinel: a primary, a replica and a sentinel on each port of $SENTINELS.
# Keeps running when one of them ends: a failover is what they are for.
set -eu

serve() {
  port=$1
  shift
  mkdir -p "/data/$port"
  [ -s "/data/$port/redis.conf" ] || printf '%s\n' "port $port" "dir /data/$port" \
    'protected-mode no' 'daemonize yes' "$@" >"/data/$port/redis.conf"
}

announce='replica-announce-ip 127.0.0.1'
serve "$PRIMARY" 'save ""' "$announce"
serve "$REPLICA" 'save ""' "$announce" "replicaof 127.0.0.1 $PRIMARY"
for sentinel in $SENTINELS; do
  serve "$sentinel" 'sentinel announce-ip 127.0.0.1' \
    "sentinel monitor mymaster 127.0.0.1 $PRIMARY 2" \
    'sentinel down-after-milliseconds mymaster 1000' \
    'sentinel failover-timeout mymaster 5000'
done

redis-server "/data/$PRIMARY/redis.conf"
redis-server "/data/$REPLICA/redis.conf"
for sentinel in $SENTINELS; do
  redis-server "/data/$sentinel/redis.conf" --sentinel
done
exec sleep infinity
