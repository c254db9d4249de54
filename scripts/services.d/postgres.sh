# shellcheck shell=bash
# PostgreSQL: role and database `session`, a password even on loopback. The role is a superuser,
# so that a test can end another connection. What survives a power cut is not tested: fsync is off.

postgres_address() { echo "postgres://session:session@127.0.0.1:$(port_of postgres)/session"; }

# Debian keeps the server's programs out of PATH, by version.
postgres_bin() {
  local path
  path=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1) ||
    path=$(command -v postgres) || return 1
  dirname "$path"
}

postgres_ask() {
  PGPASSWORD=session PGCONNECT_TIMEOUT=2 psql -h 127.0.0.1 -p "$(port_of postgres)" \
    -U session -d "$1" -qtAc "$2" 2>/dev/null
}

postgres_ping() { is_running postgres && [[ $(postgres_ask session 'select 1') == 1 ]]; }

postgres_accepts() { [[ $(postgres_ask postgres 'select 1') == 1 ]]; }

postgres_init() {
  local bin=$1 place=$2
  echo session >"$place/password"
  if [[ $EUID -eq 0 ]]; then chown postgres "$place/password"; fi
  run_as postgres "$bin/initdb" --pgdata="$place/data" --username=session --encoding=UTF8 \
    --locale=C --no-sync --auth=scram-sha-256 --pwfile="$place/password"
}

postgres_up() {
  local bin place
  bin=$(postgres_bin) || { apt_install postgresql && bin=$(postgres_bin); } || return 1
  keep_or_change_port postgres
  drop_place postgres # a killed server leaves a lock behind, and data nobody wants
  place=$(place_of postgres postgres)
  postgres_init "$bin" "$place" || return 1
  start postgres postgres "$bin/postgres" -D "$place/data" -p "$(port_of postgres)" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$place" \
    -c fsync=off
  wait_for postgres 60 postgres_accepts || return 1
  postgres_ask postgres 'create database session' || return 1
  wait_for postgres 10 postgres_ping
}

# INT is the fast shutdown: TERM would wait for the clients to leave.
postgres_down() {
  stop postgres INT
  drop_place postgres
}
