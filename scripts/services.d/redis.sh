# shellcheck shell=bash
# Redis: one server, nothing on disk. Tests start a twemproxy (nutcracker) of their own.

redis_address() { echo "redis://127.0.0.1:$(port_of redis)"; }

# redis_ask PORT COMMAND...: a frozen server answers nothing, and redis-cli would wait.
redis_ask() { timeout 2 redis-cli -h 127.0.0.1 -p "$@" 2>/dev/null; }

redis_answers_at() { [[ $(redis_ask "$1" ping) == PONG ]]; }

redis_ping() { is_running redis && redis_answers_at "$(port_of redis)"; }

redis_up() {
  ensure redis-server redis-server || return 1
  PATH=$PATH:/usr/sbin ensure nutcracker nutcracker || return 1
  keep_or_change_port redis
  start redis "" redis-server --bind 127.0.0.1 --port "$(port_of redis)" \
    --save "" --appendonly no --dir "$(unit_dir redis)"
  wait_for redis 20 redis_ping
}

redis_down() { stop redis; }
