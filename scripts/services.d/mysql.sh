# shellcheck shell=bash
# MySQL: a container of its own. Debian packages no MySQL server, so from packages its place is
# taken by MariaDB, and SESSION_TEST_MYSQL is the address every machine can give.

mysql_address() {
  if [[ $(started_by mysql) == compose ]]; then
    echo "mysql://session:session@127.0.0.1:$(port_of mysql)/session"
  else
    mariadb_address
  fi
}

mysql_ping() { mariadb_ping; }

mysql_up() {
  say "mysql: MariaDB takes its place"
  up mariadb
}

# One process, two names: it ends with either.
mysql_down() { down mariadb; }
