# shellcheck shell=bash
# Speaks to a server without a client of its own.

# tcp_ask PORT FORMAT: sends printf's rendering of FORMAT and prints what comes back, without its
# NUL bytes, until the server closes or two seconds have passed.
tcp_ask() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    # shellcheck disable=SC2059 # the format is the message, with its escapes
    printf "$2" >&3
    timeout 2 cat <&3 | tr -d '\0'
  ) 2>/dev/null
}
