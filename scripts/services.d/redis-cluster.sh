# shellcheck shell=bash
# Redis Cluster: three nodes, all primaries, sharing the slots.

REDIS_CLUSTER_NODES=(redis-cluster/1 redis-cluster/2 redis-cluster/3)

redis_cluster_hosts() {
  local node hosts=()
  for node in "${REDIS_CLUSTER_NODES[@]}"; do hosts+=("127.0.0.1:$(port_of "$node")"); done
  echo "${hosts[*]}"
}

redis_cluster_address() {
  local hosts
  hosts=$(redis_cluster_hosts)
  echo "redis+cluster://${hosts// /,}"
}

redis_cluster_node_ping() { is_running "$1" && redis_answers_at "$(port_of "$1")"; }

redis_cluster_info() { redis_ask "$(port_of "$1")" cluster info; }

# Every node sees all slots served, and knows all nodes.
redis_cluster_ping() {
  local node info
  for node in "${REDIS_CLUSTER_NODES[@]}"; do
    is_running "$node" || return 1
    info=$(redis_cluster_info "$node") || return 1
    [[ $info == *cluster_state:ok* && $info == *cluster_size:3* ]] || return 1
  done
}

redis_cluster_start_node() {
  local node=$1
  # A node that has joined is known to the others by its port.
  [[ -s $(unit_dir "$node")/nodes.conf ]] || keep_or_change_port "$node"
  start "$node" "" redis-server --bind 127.0.0.1 --port "$(port_of "$node")" \
    --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 2000 \
    --save "" --appendonly no --dir "$(unit_dir "$node")"
}

redis_cluster_up() {
  local node info
  ensure redis-server redis-server || return 1
  for node in "${REDIS_CLUSTER_NODES[@]}"; do
    redis_cluster_node_ping "$node" || redis_cluster_start_node "$node"
    wait_for "$node" 20 redis_cluster_node_ping "$node" || return 1
  done
  info=$(redis_cluster_info "${REDIS_CLUSTER_NODES[0]}")
  if [[ $info == *cluster_slots_assigned:0* ]]; then
    # shellcheck disable=SC2046 # one word per node
    redis-cli --cluster create $(redis_cluster_hosts) --cluster-replicas 0 --cluster-yes \
      >"$STATE/run/redis-cluster/create.log" 2>&1 9>&- || {
      tail -n 5 "$STATE/run/redis-cluster/create.log" >&2
      return 1
    }
  fi
  wait_for "${REDIS_CLUSTER_NODES[0]}" 30 redis_cluster_ping
}

redis_cluster_down() {
  local node
  for node in "${REDIS_CLUSTER_NODES[@]}"; do stop "$node"; done
}
