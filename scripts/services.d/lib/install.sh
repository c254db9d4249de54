# shellcheck shell=bash
# Installs what is missing: Debian packages by apt-get, the rest into .services/software.

as_root() {
  if [[ $EUID -eq 0 ]]; then
    env "$@"
  elif command -v sudo >/dev/null; then
    sudo -n env "$@"
  else
    return 1
  fi
}

# Package scripts ask policy-rc.d before they start a server of their own; 101 means no.
# A machine that has such a file keeps it.
without_autostart() {
  local policy=/usr/sbin/policy-rc.d
  if [[ -e $policy ]]; then
    "$@"
    return
  fi
  local result=0
  as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy" || return 1
  "$@" || result=$?
  as_root rm -f "$policy"
  return "$result"
}

apt_get() {
  as_root DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" \
    </dev/null >>"$STATE/apt.log" 2>&1 9>&-
}

# apt_install PACKAGE...: the package lists are fetched only if the ones here do not do.
apt_install() {
  command -v apt-get >/dev/null || return 1
  say "installing $*"
  without_autostart apt_get install --no-install-recommends "$@" && return
  apt_get update || true
  without_autostart apt_get install --no-install-recommends "$@" || {
    tail -n 20 "$STATE/apt.log" >&2
    return 1
  }
}

# ensure COMMAND PACKAGE...: makes sure the command is there.
ensure() {
  local command=$1
  shift
  command -v "$command" >/dev/null || apt_install "$@" || {
    say "$command is missing and could not be installed; it is in: $*"
    return 1
  }
}

# python_env DIR ARGUMENT...: a virtual environment, made anew, with what pip is told to install.
python_env() {
  local dir=$1 python=${PYTHON:-python3}
  shift
  ensure "$python" python3 || return 1
  # Debian keeps ensurepip apart from its python3.
  "$python" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv || return 1
  "$python" -m venv --clear "$dir" >&2 &&
    "$dir/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
}
