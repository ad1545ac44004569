//! What the system knows of this process, read when it is asked for. Linux only; elsewhere there is nothing to say.

use std::fs;

/// Clock ticks in a second as the kernel shows them to programs, on every architecture we run on.
const TICKS: f64 = 100.0;

/// What the system knows of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// CPU time so far, in seconds.
    pub cpu: Option<f64>,
    /// Memory in RAM, in bytes.
    pub memory: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Most of them that may be open.
    pub max_fds: Option<u64>,
}

impl Process {
    /// As it stands now.
    pub fn now() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        Self {
            cpu: read("stat").as_deref().and_then(cpu),
            memory: read("status").as_deref().and_then(memory),
            fds: fs::read_dir("/proc/self/fd")
                .ok()
                .map(|fds| fds.count() as u64),
            max_fds: read("limits").as_deref().and_then(max_fds),
        }
    }
}

/// User and system time. The name in brackets may hold anything, so fields are counted from behind it.
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS)
}

fn memory(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn max_fds(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 200";
        assert_eq!(cpu(stat), Some(3.0));
        assert_eq!(
            memory("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t4\n"),
            Some(2_097_152)
        );
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(max_fds(limits), Some(1024));
        assert_eq!(
            max_fds("Max open files  unlimited  unlimited  files\n"),
            None
        );
    }
}
