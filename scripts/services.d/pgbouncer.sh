# shellcheck shell=bash
# PgBouncer in front of PostgreSQL, with the settings it ships with. Two databases lead to the same
# one: `session` lends a connection for as long as a client stays, `transaction` for a transaction.

pgbouncer_address() { echo "postgres://session:session@127.0.0.1:$(port_of pgbouncer)/session"; }

pgbouncer_ask() {
  PGPASSWORD=session PGCONNECT_TIMEOUT=2 psql -h 127.0.0.1 -p "$(port_of pgbouncer)" \
    -U session -d "$1" -qtAc 'select 1' 2>/dev/null
}

pgbouncer_accepts() {
  [[ $(pgbouncer_ask session) == 1 && $(pgbouncer_ask transaction) == 1 ]]
}

pgbouncer_ping() { is_running pgbouncer && pgbouncer_accepts; }

pgbouncer_configure() {
  local server
  server="host=127.0.0.1 port=$(port_of postgres) dbname=session"
  cat <<CONF
[databases]
session = $server pool_mode=session
transaction = $server pool_mode=transaction
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $(port_of pgbouncer)
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $1/users
CONF
}

pgbouncer_up() {
  local place
  PATH=$PATH:/usr/sbin ensure pgbouncer pgbouncer || return 1
  up postgres || return 1
  keep_or_change_port pgbouncer
  drop_place pgbouncer
  place=$(place_of pgbouncer postgres)
  echo '"session" "session"' >"$place/users"
  pgbouncer_configure "$place" >"$place/pgbouncer.ini"
  if [[ $EUID -eq 0 ]]; then chown postgres "$place"/*; fi
  PATH=$PATH:/usr/sbin start pgbouncer postgres pgbouncer "$place/pgbouncer.ini"
  wait_for pgbouncer 20 pgbouncer_accepts
}

pgbouncer_down() {
  stop pgbouncer INT
  drop_place pgbouncer
}
