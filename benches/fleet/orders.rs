//! Work orders that are called in, and when each has its job.

use std::time::Duration;

use chrono::{DateTime, Utc};
use syncline::sandbox::fleet::Customer;
use syncline::sandbox::kit::rng::Rng;
use syncline::sandbox::servicechannel::model::WorkOrderId;

/// A work order on its way.
#[derive(Clone, Debug)]
struct Pending {
    customer: usize,
    key: String,
    at: DateTime<Utc>,
}

/// All work orders that were called in.
pub(crate) struct Orders {
    rng: Rng,
    pending: Vec<Pending>,
    /// From the call until the job was made, in seconds.
    pub(crate) took: Vec<f64>,
    /// The work orders by customer, for whoever wants to speak of one.
    pub(crate) known: Vec<(usize, WorkOrderId)>,
}

impl Orders {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            rng: Rng::seeded(7),
            pending: Vec::new(),
            took: Vec::new(),
            known: Vec::new(),
        }
    }

    /// One is called in at a customer that is picked by chance.
    pub(crate) fn arrive(&mut self, customers: &[Customer]) {
        let index = self.rng.below(customers.len() as u64);
        let Ok(index) = usize::try_from(index) else {
            return;
        };
        let Some(customer) = customers.get(index) else {
            return;
        };
        let at = customer.servicechannel.kit().clock.now();
        let guid = customer.servicetitan.config().application_guid;
        for id in customer.servicechannel.arrive(1) {
            let key = format!("{guid} servicechannel.workOrderId={id}");
            self.known.push((index, id));
            self.pending.push(Pending {
                customer: index,
                key,
                at,
            });
        }
    }

    /// Takes those off that have their job by now.
    pub(crate) fn look(&mut self, customers: &[Customer]) {
        let took = &mut self.took;
        self.pending.retain(|order| {
            let audit = customers
                .get(order.customer)
                .map(|customer| &customer.servicetitan.kit().audit);
            let made = audit.and_then(|audit| audit.first_created("jobs", &order.key));
            if let Some(made) = made {
                took.push((made - order.at).to_std().unwrap_or_default().as_secs_f64());
            }
            made.is_none()
        });
    }

    /// How many have no job yet.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// How old the oldest one is that has no job yet.
    pub(crate) fn lag(&self, now: DateTime<Utc>) -> Duration {
        let oldest = self.pending.iter().map(|order| order.at).min();
        oldest.map_or(Duration::ZERO, |at| (now - at).to_std().unwrap_or_default())
    }
}

/// The `part` (0 to 1) smallest of sorted figures ends here.
pub(crate) fn percentile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list in memory"
    )]
    let at = (last as f64 * part).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
