# shellcheck shell=bash
# MariaDB: user and database `session`, with all rights; `root` only over the socket.

mariadb_address() { echo "mysql://session:session@127.0.0.1:$(port_of mariadb)/session"; }

mariadb_ping() {
  is_running mariadb && [[ $(MYSQL_PWD=session mariadb --no-defaults --protocol=tcp \
    --connect-timeout=2 -h 127.0.0.1 -P "$(port_of mariadb)" -u session -D session \
    -BNe 'select 1' 2>/dev/null) == 1 ]]
}

# Read by the server when it starts.
mariadb_grants() {
  cat <<'SQL'
CREATE DATABASE session;
CREATE USER 'session'@'127.0.0.1' IDENTIFIED BY 'session';
GRANT ALL ON *.* TO 'session'@'127.0.0.1';
SQL
}

mariadb_up() {
  local place
  PATH=$PATH:/usr/sbin ensure mariadbd mariadb-server || return 1
  keep_or_change_port mariadb
  drop_place mariadb # a start begins with an empty server, also after one that was killed
  place=$(place_of mariadb mysql)
  run_as mysql mariadb-install-db --no-defaults --datadir="$place/data" --skip-test-db \
    --auth-root-authentication-method=socket || return 1
  mariadb_grants >"$place/grants.sql"
  PATH=$PATH:/usr/sbin start mariadb mysql mariadbd --no-defaults --datadir="$place/data" \
    --port="$(port_of mariadb)" --bind-address=127.0.0.1 --skip-name-resolve \
    --socket="$place/socket" --pid-file="$place/mariadb.pid" --init-file="$place/grants.sql" \
    --innodb-flush-log-at-trx-commit=2
  wait_for mariadb 60 mariadb_ping
}

mariadb_down() {
  stop mariadb
  drop_place mariadb
}
