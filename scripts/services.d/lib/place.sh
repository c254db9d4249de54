# shellcheck shell=bash
# Data directories for servers that refuse to run as root: their user may not be able to enter the
# checkout at all, and the path of a socket must be short. mktemp makes the name unguessable.

# place_of UNIT [USER]: its directory, made on the first call and owned by USER where we are root.
place_of() {
  local file place user=${2:-}
  file=$(unit_dir "$1")/place
  if [[ ! -s $file ]]; then
    place=$(mktemp -d "/var/tmp/session-${1//\//-}.XXXXXX")
    if [[ -n $user && $EUID -eq 0 ]]; then chown "$user:" "$place"; fi
    echo "$place" >"$file"
  fi
  cat "$file"
}

drop_place() {
  local place
  place=$(cat "$STATE/run/$1/place" 2>/dev/null) || return 0
  if [[ $place == /var/tmp/session-* ]]; then rm -rf "$place"; fi
  rm -f "$STATE/run/$1/place"
}

# run_as USER COMMAND...: in the foreground, silent unless it fails.
run_as() {
  local user=$1 output become=()
  shift
  if [[ $EUID -eq 0 ]]; then become=(setpriv "--reuid=$user" "--regid=$user" --init-groups); fi
  output=$(cd / && "${become[@]}" "$@" 2>&1 9>&-) || {
    say "$output"
    return 1
  }
}
