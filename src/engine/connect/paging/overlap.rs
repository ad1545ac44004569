//! How far before the watermark a pass starts (S15), and when it need not (S35).

use std::time::Duration;

use super::value::CursorValue;

/// The overlap of one pipeline, in memory: after a restart it begins anew.
///
/// Rows can become visible late, so a pass starts a while before the watermark. Once a complete pass began later
/// than that while after the watermark was reached, whatever was late has been seen, and passes start at the
/// watermark until it moves.
#[derive(Clone, Debug)]
pub struct Overlap {
    length: Duration,
    reached: Duration,
    covered: bool,
}

impl Overlap {
    /// With the cursor's overlap; `now` is monotonic.
    pub fn new(length: Duration, now: Duration) -> Self {
        Self {
            length,
            reached: now,
            covered: false,
        }
    }

    /// Where the next pass starts.
    pub fn lower(&self, watermark: &CursorValue) -> CursorValue {
        if self.covered {
            watermark.clone()
        } else {
            watermark.minus(self.length)
        }
    }

    /// The watermark moved at `now`, monotonic.
    pub fn moved(&mut self, now: Duration) {
        self.reached = now;
        self.covered = false;
    }

    /// A pass that began at `began`, monotonic, has ended.
    pub fn passed(&mut self, began: Duration) {
        if began > self.reached + self.length {
            self.covered = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_source_is_read_from_its_watermark_once_late_rows_had_their_time() {
        let second = Duration::from_secs(1);
        let watermark = CursorValue::parse("2026-04-13T14:27:38Z").unwrap();
        let mut overlap = Overlap::new(300 * second, second);
        assert_eq!(overlap.lower(&watermark).as_str(), "2026-04-13T14:22:38Z");
        overlap.passed(200 * second);
        assert_eq!(overlap.lower(&watermark).as_str(), "2026-04-13T14:22:38Z");
        overlap.passed(302 * second);
        assert_eq!(overlap.lower(&watermark).as_str(), "2026-04-13T14:27:38Z");
        overlap.moved(400 * second);
        overlap.passed(700 * second);
        assert_eq!(overlap.lower(&watermark).as_str(), "2026-04-13T14:22:38Z");
    }
}
