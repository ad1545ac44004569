//! The `syncline` binary: calls [`syncline::cli::main`] and exits with what it says.

/// A record is thousands of small allocations, made by one thread and often freed by the other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    syncline::cli::main()
}
