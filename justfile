# Tasks of a developer; `just` lists them. Each is a plain command that runs without just, too.

# The list of tasks.
default:
    @just --list

# All that must hold, or some steps of it: `just ci spelling msrv`.
ci *steps:
    .ci/run {{steps}}

# Tests, or those whose names contain a word: `just test journal`.
test *filter:
    cargo test --release {{filter}}

# Formats all files. `cargo fmt` does not see modules that a table declares.
fmt:
    git ls-files -co --exclude-standard '*.rs' | xargs rustfmt --edition 2024

# Format, spelling, lints: what a commit needs, in a minute.
lint:
    .ci/run formatting spelling lints

# Every feature alone, the oldest Rust, benches/ and fuzz/.
matrix:
    .ci/run features msrv side_crates

# The kernels for Arm, in an emulator.
arm:
    .ci/run arm

# Licenses, banned crates, known faults.
deny:
    .ci/run dependencies

# A parser of foreign bytes under fuzzing, for a minute: `just fuzz gguf`.
fuzz target seconds="60":
    cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none {{target}} -- -max_total_time={{seconds}}

# How fast a model is on this machine.
bench model="smollm2-135m":
    cargo run --release --quiet -- bench --model {{model}}

# The library's pages, in a browser.
docs:
    cargo doc --release --no-deps --open

# Snapshots that changed, one by one (cargo-insta).
review:
    cargo insta test --release --review
