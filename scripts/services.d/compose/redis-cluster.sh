#!/bin/sh
# In the container redis-cluster: a node on each port of $NODES, joined; ends when one of them does.
set -eu

hosts=
for port in $NODES; do
  mkdir -p "/data/$port"
  # A published port ends here, at the container's own address, so not only loopback is bound;
  # protected mode would refuse such a client.
  redis-server --port "$port" --dir "/data/$port" --protected-mode no \
    --cluster-enabled yes --cluster-node-timeout 2000 --cluster-announce-ip 127.0.0.1 \
    --save "" --appendonly no --pidfile "/data/$port/pid" --daemonize yes
  hosts="$hosts 127.0.0.1:$port"
done

for port in $NODES; do
  until redis-cli -p "$port" ping | grep -q PONG; do sleep 0.1; done
done
# shellcheck disable=SC2086 # one word per node
redis-cli -p "${NODES%% *}" cluster info | grep -q cluster_slots_assigned:16384 ||
  redis-cli --cluster create $hosts --cluster-replicas 0 --cluster-yes

while sleep 1; do
  for port in $NODES; do kill -0 "$(cat "/data/$port/pid")"; done
done
