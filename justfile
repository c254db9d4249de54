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

# Instruction and allocation budgets
bench-gate *args:
    cargo bench --package bench --bench gate {{ args }}

# Makes the pictures in docs/pictures anew
pictures:
    scripts/pictures

# Licences, sources, bans and advisories of the dependency tree (needs cargo-deny)
deny:
    cargo deny --all-features check
