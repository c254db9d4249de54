# shellcheck shell=bash
# Processes of our own. A *unit* is one process and its directory .services/run/UNIT, where `pid`
# holds its id and its start time: an id alone may have passed to a stranger.

unit_dir() {
  mkdir -p "$STATE/run/$1"
  echo "$STATE/run/$1"
}

# start_time PID: empty if there is no such process, or only its zombie.
start_time() {
  local stat fields
  if [[ -d /proc/self ]]; then
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    # The command name may hold anything, so count from its closing bracket (proc(5): state, ..., starttime).
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} == Z ]] || echo "${fields[19]}"
  else
    ps -o lstart= -p "$1" || true
  fi
}

# pid_of UNIT: its process id, if that is still the process we started.
pid_of() {
  local pid since
  { read -r pid && read -r since; } 2>/dev/null <"$STATE/run/$1/pid" || return 1
  [[ -n $since && $since == "$(start_time "$pid")" ]] || return 1
  echo "$pid"
}

is_running() { pid_of "$1" >/dev/null 2>&1; }

# start UNIT USER COMMAND...: as USER where we are root and USER is not empty, detached, output to
# its log. One that still runs is stopped first: whoever starts it again got no answer from it.
start() {
  local unit=$1 user=$2 dir pid become=() detach=()
  shift 2
  stop "$unit"
  dir=$(unit_dir "$unit")
  if [[ -n $user && $EUID -eq 0 ]]; then
    become=(setpriv "--reuid=$user" "--regid=$user" --init-groups)
  fi
  if command -v setsid >/dev/null; then detach=(setsid); fi
  # Each of these becomes the next by exec, so $! is the server's own id. The lock (9) stays here.
  pushd / >/dev/null || return 1
  "${detach[@]}" "${become[@]}" "$@" </dev/null >>"$dir/log" 2>&1 9>&- &
  pid=$!
  popd >/dev/null || return 1
  printf '%s\n%s\n' "$pid" "$(start_time "$pid")" >"$dir/pid"
}

# wait_for UNIT SECONDS COMMAND...: until the command succeeds; not once the process has died.
wait_for() {
  local unit=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    if ! is_running "$unit" || ((SECONDS >= deadline)); then
      say "$unit: does not answer; the end of its log:"
      tail -n 20 "$STATE/run/$unit/log" >&2 || true
      return 1
    fi
    sleep 0.1
  done
}

# stop UNIT [SIGNAL]: asks with SIGNAL (TERM), and after ten seconds no longer asks.
stop() {
  local unit=$1 signal=${2:-TERM} pid deadline=$((SECONDS + 10))
  if pid=$(pid_of "$unit"); then
    kill -s "$signal" "$pid" || true
    kill -s CONT "$pid" || true # a frozen one would not hear
    while is_running "$unit"; do
      if ((SECONDS >= deadline)); then
        kill -s KILL "$pid" || true
        deadline=$((SECONDS + 10))
      fi
      sleep 0.05
    done
  fi
  rm -f "$STATE/run/$unit/pid"
}
