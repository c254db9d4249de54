# shellcheck shell=bash
# MongoDB: a container of its own. Debian packages no MongoDB server, so from packages its place is
# taken by SecantusDB (PyPI), which speaks the protocol; test commands are on in both, for
# configureFailPoint. Known difference: `$$NOW` inside a find's `$expr` never matches there.

SECANTUS_VERSION=0.7.0b3

mongodb_address() { echo "mongodb://127.0.0.1:$(port_of mongodb)/?directConnection=true"; }

# shellcheck disable=SC2016 # $db is a field of the message
# OP_MSG {ping: 1, $db: "admin"}; the reply is OP_MSG too, and `ok` a double: 1.0 is 00..00 f0 3f.
mongodb_ping() {
  local ping='\x33\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0\0\0\0\0\0'
  ping+='\x1e\0\0\0\x10ping\0\1\0\0\0\2$db\0\6\0\0\0admin\0\0'
  is_running mongodb && mongodb_ask "$(port_of mongodb)" "$ping" | LC_ALL=C grep -qa $'ok\xf0\x3f'
}

# The server keeps the connection open, so read the reply's head and no more.
mongodb_ask() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    # shellcheck disable=SC2059 # the format is the message, with its escapes
    printf "$2" >&3
    timeout 2 head -c 40 <&3 | tr -d '\0'
  ) 2>/dev/null
}

# secantus_binary: prints its path if it is installed.
secantus_binary() {
  local path=$STATE/software/secantus-$SECANTUS_VERSION/bin/secantusd-py
  [[ -x $path ]] && echo "$path"
}

mongodb_install() {
  local venv=$STATE/software/secantus-$SECANTUS_VERSION
  [[ -x $venv/bin/secantusd-py ]] && return
  say "installing SecantusDB $SECANTUS_VERSION into ${venv#"$ROOT"/}"
  python_env "$venv" "SecantusDB==$SECANTUS_VERSION"
}

mongodb_up() {
  local dir
  dir=$(unit_dir mongodb)
  mongodb_install || return 1
  keep_or_change_port mongodb
  : >"$dir/empty.toml" # without it a file in the home directory would be read
  start mongodb "" "$(secantus_binary)" \
    --config "$dir/empty.toml" --host 127.0.0.1 --port "$(port_of mongodb)" \
    --storage-path "$dir/data" --enable-test-commands
  wait_for mongodb 60 mongodb_ping
}

mongodb_down() { stop mongodb; }
