# shellcheck shell=bash
# Memcached: stock limits (1 MiB per item).

memcached_address() { echo "127.0.0.1:$(port_of memcached)"; }

memcached_ping() {
  is_running memcached && [[ $(tcp_ask "$(port_of memcached)" 'version\r\nquit\r\n') == VERSION* ]]
}

memcached_up() {
  ensure memcached memcached || return 1
  keep_or_change_port memcached
  local user=()
  if [[ $EUID -eq 0 ]]; then user=(-u nobody); fi
  start memcached "" memcached -l 127.0.0.1 -p "$(port_of memcached)" -U 0 -m 64 "${user[@]}"
  wait_for memcached 20 memcached_ping
}

memcached_down() { stop memcached; }
