# shellcheck shell=bash
# Chromium and its driver: no server, but a program that tests start, as some of those of the servers.

# chromium_binary: prints its path if it and its driver are there, side by side.
chromium_binary() {
  local name path
  if [[ -n ${SESSION_TEST_CHROMIUM:-} ]]; then
    echo "$SESSION_TEST_CHROMIUM"
    return
  fi
  for name in chromium chromium-browser google-chrome; do
    path=$(command -v "$name") && [[ -x ${path%/*}/chromedriver ]] && echo "$path" && return
  done
  return 1
}

# With fonts that the pages of the tea shop name first: those of a bare system are wider than most
# people's.
chromium_install() {
  chromium_binary >/dev/null || apt_install chromium chromium-driver fonts-inter fonts-urw-base35 || return 1
  chromium_binary >/dev/null
}
