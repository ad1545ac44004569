//! The `syncline` binary: calls [`syncline::cli::main`] and exits with what it says.

fn main() -> std::process::ExitCode {
    syncline::cli::main()
}
