# shellcheck shell=bash
# Words go to stderr: stdout belongs to `env` and `status`.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 2
}

# with_lock COMMAND...: runs it while no other `up` or `down` of this checkout does.
with_lock() {
  if command -v flock >/dev/null; then
    exec 9>"$STATE/lock"
    flock 9
  fi
  "$@"
  exec 9>&-
}
