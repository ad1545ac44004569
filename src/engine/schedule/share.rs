//! Where in a stretch of time a tenant begins what it does again and again. Thousands of tenants begin at one instant:
//! with the same stretch for all, all of them would ask in the same second, then and every time after.

use std::time::Duration;

use crate::engine::record::TenantName;

/// A part of `stretch`: the same at every start, another for every tenant, less than the whole.
pub(super) fn share(stretch: Duration, tenant: &TenantName) -> Duration {
    let hash = blake3::hash(tenant.as_str().as_bytes());
    let [first, second, ..] = *hash.as_bytes();
    stretch * u32::from(u16::from_be_bytes([first, second])) / (u32::from(u16::MAX) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thousand_tenants_spread_over_the_whole_stretch() {
        let stretch = Duration::from_secs(20);
        let mut seconds = [0; 20];
        for number in 0..2_000 {
            let tenant = TenantName::from(format!("tenant-{number}"));
            let share = share(stretch, &tenant);
            assert!(share < stretch);
            seconds[usize::try_from(share.as_secs()).unwrap()] += 1;
        }
        let (least, most) = (seconds.iter().min().unwrap(), seconds.iter().max().unwrap());
        assert!(*least > 50 && *most < 160, "{least} to {most} in a second");
        let acme = TenantName::from("acme");
        assert_eq!(share(stretch, &acme), share(stretch, &acme));
    }
}
