# shellcheck shell=bash
# Redis Sentinel: a primary, a replica, and three sentinels that call it mymaster. Failover is
# quick (a second to notice), so that a test can wait for one. Sentinel rewrites every one of these
# configuration files; they are written here only when they are missing.

REDIS_SENTINEL_DATA=(redis-sentinel/primary redis-sentinel/replica)
REDIS_SENTINELS=(redis-sentinel/1 redis-sentinel/2 redis-sentinel/3)

redis_sentinel_address() {
  local unit hosts=()
  for unit in "${REDIS_SENTINELS[@]}"; do hosts+=("127.0.0.1:$(port_of "$unit")"); done
  local IFS=,
  echo "redis+sentinel://${hosts[*]}/mymaster"
}

redis_sentinel_cli() { redis_ask "$(port_of "$1")" "${@:2}"; }

redis_sentinel_unit_ping() { is_running "$1" && redis_answers_at "$(port_of "$1")"; }

# Every sentinel sees the quorum, and the server it names calls itself the primary and has its replica.
redis_sentinel_ping() {
  local unit named role
  for unit in "${REDIS_SENTINEL_DATA[@]}"; do redis_sentinel_unit_ping "$unit" || return 1; done
  for unit in "${REDIS_SENTINELS[@]}"; do
    is_running "$unit" || return 1
    [[ $(redis_sentinel_cli "$unit" sentinel ckquorum mymaster) == "OK 3 usable"* ]] || return 1
    named=$(redis_sentinel_cli "$unit" sentinel get-master-addr-by-name mymaster | tail -n 1)
    role=$(redis_ask "$named" info replication) || return 1
    [[ $role == *role:master* && $role == *connected_slaves:1* ]] || return 1
  done
}

redis_sentinel_configure() {
  local unit=$1 primary dir
  dir=$(unit_dir "$unit")
  [[ -s $dir/redis.conf ]] && return
  keep_or_change_port "$unit"
  primary=$(port_of redis-sentinel/primary)
  {
    echo "bind 127.0.0.1"
    echo "port $(port_of "$unit")"
    echo "dir \"$dir\""
    case $unit in
      */primary) printf '%s\n' 'save ""' ;;
      */replica) printf '%s\n' 'save ""' "replicaof 127.0.0.1 $primary" ;;
      *)
        echo "sentinel monitor mymaster 127.0.0.1 $primary 2"
        echo "sentinel down-after-milliseconds mymaster 1000"
        echo "sentinel failover-timeout mymaster 5000"
        ;;
    esac
  } >"$dir/redis.conf"
}

redis_sentinel_up() {
  local unit mode
  ensure redis-server redis-server || return 1
  for unit in "${REDIS_SENTINEL_DATA[@]}" "${REDIS_SENTINELS[@]}"; do
    redis_sentinel_unit_ping "$unit" && continue
    redis_sentinel_configure "$unit"
    mode=()
    if [[ $unit == */[0-9] ]]; then mode=(--sentinel); fi
    start "$unit" "" redis-server "$(unit_dir "$unit")/redis.conf" "${mode[@]}"
    wait_for "$unit" 20 redis_sentinel_unit_ping "$unit" || return 1
  done
  wait_for redis-sentinel/1 60 redis_sentinel_ping
}

# Sentinels first: they would answer the primary's end with a failover.
redis_sentinel_down() {
  local unit
  for unit in "${REDIS_SENTINELS[@]}" "${REDIS_SENTINEL_DATA[@]}"; do stop "$unit"; done
}
