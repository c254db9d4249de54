# shellcheck shell=bash
# The same services as containers of docker-compose.yml, on the same remembered ports.

compose_is_usable() {
  docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1
}

# compose COMMAND...: with the port of each published process in the variable the file reads.
compose() (
  local unit units=(
    redis valkey memcached postgres pgbouncer mysql mariadb mongodb dynamodb
    redis-cluster/{1,2,3} redis-sentinel/{primary,replica,1,2,3}
  )
  for unit in "${units[@]}"; do
    local name=${unit//[-\/]/_}
    export "PORT_${name^^}=$(port_of "$unit")"
  done
  docker compose --project-directory "$ROOT" --profile all "$@" </dev/null 9>&-
)

compose_up() { compose up --detach --wait --wait-timeout 120 "$1" >&2; }

compose_ping() { [[ $(compose ps --format '{{.Health}}' "$1" 2>/dev/null) == healthy ]]; }

compose_down() { compose rm --stop --force --volumes "$1" >&2; }
