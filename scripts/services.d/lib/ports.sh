# shellcheck shell=bash
# Ports are chosen once and remembered in .services/ports, one file per process.

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

is_taken() { grep -qxr "$1" "$STATE/ports" 2>/dev/null; }

# Redis Cluster's bus listens 10,000 above; both lie below Linux's ephemeral ports.
choose_port() {
  local port
  while true; do
    port=$((10000 + (RANDOM * 32768 + RANDOM) % 10000))
    is_taken "$port" || is_listening "$port" || is_listening $((port + 10000)) || break
  done
  echo "$port"
}

# port_of UNIT: the port of a process (redis, redis-cluster/1, ...).
port_of() {
  local file=$STATE/ports/$1
  if [[ ! -s $file ]]; then
    mkdir -p "$(dirname "$file")"
    choose_port >"$file"
  fi
  cat "$file"
}

# keep_or_change_port UNIT: before a start, gives up a remembered port that somebody else took since.
keep_or_change_port() {
  stop "$1"
  if is_listening "$(port_of "$1")"; then
    rm -f "$STATE/ports/$1"
    port_of "$1" >/dev/null
  fi
}
