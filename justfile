# Short names for what the project does. Each recipe is one cargo command or one script, so none
# of this needs `just`.

_list:
    @just --list --unsorted

# Everything that must hold before a change lands: format, lints, docs, manifests, tests
test:
    scripts/test

# Lints alone: the quick answer while writing
check:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Formats the code
fmt:
    cargo fmt --all

# Builds the documentation, with warnings as errors
doc *args:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features {{ args }}

# The store contract on one backend: redis, redis-cluster, redis-sentinel, memcached, fs, mongodb, sql, dynamodb, null
conformance backend *filter:
    scripts/conformance {{ backend }} {{ filter }}

# Starts the test servers; no name means all
services-up *names:
    scripts/services up {{ names }}

# Stops the test servers and drops their data
services-down *names:
    scripts/services down {{ names }}

# Who answers, and where
services-status *names:
    scripts/services status {{ names }}

# A command with the addresses of the named servers: just services-exec redis -- cargo test
services-exec +args:
    scripts/services exec {{ args }}

# What a session costs in instructions and allocations; --check compares with what was reached, --keep keeps it
bench-gate *args:
    cargo bench --package bench --bench gate -- {{ args }}

# Instructions of a whole server on actix-web with Redis, beside actix-session
bench-actix:
    scripts/services exec redis -- cargo run --release --locked --manifest-path tests/bench/actix/Cargo.toml --target-dir target

# What calls of the file store cost beside bare files, on a disk and in memory, or in a directory each
bench-files *dirs:
    cargo bench --package session-fs --bench files -- {{ dirs }}

# Writes to a SQLite file beside sqlx alone, and beside a sweep
bench-sqlite:
    cargo bench --package session-sql --bench sqlite

# A server with sessions in Redis beside other libraries' servers: just bench-peers --payload large
bench-peers *args:
    scripts/services exec redis -- cargo run --release --manifest-path tests/bench/peers/Cargo.toml --target-dir target -- {{ args }}
    scripts/peers-picture

# Rates and sizes of stores with 10,000 and a million sessions
bench-scale *args:
    scripts/services exec redis postgres -- cargo run --release --package bench-scale -- {{ args }}

# Bytes that each call of a store sends and receives
bench-wire *args:
    scripts/services exec redis memcached postgres mariadb mongodb dynamodb -- cargo run --package bench-wire -- {{ args }}

# 100,000 sessions through five stores by copies that are killed and go on, with the rates
copies:
    SESSION_TEST_COPIES=100000 scripts/services exec redis postgres dynamodb -- cargo test --release --package session-cli --test it -- --nocapture chain::

# Memory of reading ten million sessions, and of a million on Redis and SQLite beside another client
scan:
    SESSION_TEST_SCANNED=10000000 cargo test --release --package session-cli --lib -- --nocapture memory_does_not
    SESSION_TEST_SCANNED=1000000 scripts/services exec redis -- cargo test --release --package session-cli --test it -- --nocapture --test-threads 1 scan::

# Makes the pictures in docs/pictures anew
pictures:
    scripts/pictures

# Licences, sources, bans and advisories of the dependency tree (needs cargo-deny)
deny:
    cargo deny --all-features check
