//! The simulated ServiceChannel, line by line of the reference's check list.

mod attachments;
mod check_in;
pub(super) mod contract;
mod hooks;
mod invoices;
mod limits;
mod login;
mod odata;
mod paging;
mod people;
mod rest;
mod statuses;
mod writes;

use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;

use super::Sc;

/// An open work order of the n-th subscriber, just arrived.
fn open(sc: &Sc, subscriber: usize) -> WorkOrderId {
    let (wanted, _) = sc.world().subscribers()[subscriber];
    let edit = Edit {
        status: Some(Status::plain(Primary::Open)),
        ..Edit::default()
    };
    for _ in 0..100 {
        let id = sc.world().arrive_as(1, &edit)[0];
        if sc
            .world()
            .overview()
            .into_iter()
            .any(|o| o.id == id && o.subscriber == wanted)
        {
            return id;
        }
    }
    panic!("no work order of subscriber {wanted} among 100");
}

async fn status(sc: &Sc, id: WorkOrderId) -> String {
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    let status = &order["Status"];
    let below = status["Extended"].as_str().unwrap_or_default();
    format!("{}/{below}", status["Primary"].as_str().unwrap())
}
