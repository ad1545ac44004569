//! What people do on both sides, as a story that can be watched: an act on one side, and what is seen of it on the other.
//! Nobody here knows the integration; it is waited for as people would, by looking.

use std::time::Duration;

use serde_json::{Value, json};

use super::Sandbox;
use super::kit::faults::Preset;
use super::kit::time::SimClock;
use super::servicechannel::hooks::HookFaults;
use super::servicechannel::invoices::InvoiceAction;
use super::servicechannel::model::{Primary, Status, WorkOrderId};
use super::servicechannel::people::Edit;
use super::servicetitan::Hooks;

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The office answers bookings.
    Accept,
    /// A day of jobs: on the way, on site, done, on hold, canceled on either side, changed, billed, approved.
    FullDay,
    /// The same, while requests fail, webhooks are doubled, late and lost, and the clocks are ten minutes apart.
    ChaosDay,
}

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// How long something is waited for before it is said that it did not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same where every reply may be lost, and settling takes its time.
const MUCH_PATIENCE: Duration = Duration::from_secs(420);
/// How far the clocks are apart on a chaotic day.
const APART: Duration = Duration::from_secs(600);

impl Scenario {
    /// The clock of both sides.
    pub fn clock(self) -> SimClock {
        let real = SimClock::real();
        match self {
            Self::Accept | Self::FullDay => real,
            Self::ChaosDay => SimClock::starting(super::kit::time::earlier(real.now(), APART), 1),
        }
    }

    fn patience(self) -> Duration {
        match self {
            Self::Accept | Self::FullDay => PATIENCE,
            Self::ChaosDay => MUCH_PATIENCE,
        }
    }
}

/// Who acts, and what of it was not seen on the other side.
struct Stage<'s> {
    sandbox: &'s Sandbox,
    say: &'s (dyn Fn(&str) + Sync),
    patience: Duration,
    missed: usize,
}

/// Plays a story to its end, and says how much of it was not seen on the other side in time.
pub async fn play(sandbox: &Sandbox, scenario: Scenario, say: &(dyn Fn(&str) + Sync)) -> usize {
    if scenario == Scenario::ChaosDay {
        trouble(sandbox);
        say(
            "requests fail, webhooks are doubled, late and lost, and the clocks are ten minutes apart",
        );
    }
    let mut stage = Stage {
        sandbox,
        say,
        patience: scenario.patience(),
        missed: 0,
    };
    stage.bookings().await;
    if scenario != Scenario::Accept {
        stage.day().await;
    }
    stage.missed
}

/// What goes wrong on a chaotic day.
fn trouble(sandbox: &Sandbox) {
    sandbox.servicechannel().kit().faults.preset(Preset::Flaky);
    sandbox.servicetitan().kit().faults.preset(Preset::Flaky);
    sandbox.servicechannel().set_hook_faults(HookFaults {
        lose: 0.2,
        duplicate: 0.3,
        late: 0.3,
        late_by: Duration::from_secs(20),
    });
    let hooks = Hooks {
        duplicates: 0.3,
        loss: 0.2,
        spread: Duration::from_secs(20),
        ..sandbox.servicetitan().hooks()
    };
    let set = sandbox.servicetitan().set_hooks(hooks);
    set.expect("these are chances, and the addresses are as they were");
}

impl Stage<'_> {
    fn tell(&self, what: &str) {
        (self.say)(&format!(
            "{}  {what}",
            self.sandbox.clock().now().format("%H:%M:%S")
        ));
    }

    /// Waits until something is seen, and says it.
    async fn sees(&mut self, what: &str, holds: impl Fn(&Sandbox) -> bool) {
        let clock = self.sandbox.clock();
        let until = super::kit::time::later(clock.now(), self.patience);
        while !holds(self.sandbox) {
            if clock.now() > until {
                self.missed += 1;
                self.tell(&format!(
                    "    not seen within {} s: {what}",
                    self.patience.as_secs()
                ));
                return;
            }
            clock.sleep(LOOK).await;
        }
        self.tell(&format!("    {what}"));
    }

    /// The first work orders that have a booking, or a job.
    async fn with(
        &mut self,
        count: usize,
        path: impl Fn(&Sandbox, WorkOrderId) -> Option<Value>,
    ) -> Vec<(WorkOrderId, Value)> {
        let clock = self.sandbox.clock();
        let until = super::kit::time::later(clock.now(), self.patience);
        loop {
            let all = self.sandbox.servicechannel().overview();
            let mut found: Vec<(WorkOrderId, Value)> = Vec::new();
            for order in all
                .iter()
                .filter(|order| order.status.primary == Primary::Open)
            {
                if found.len() < count
                    && let Some(made) = path(self.sandbox, order.id)
                {
                    found.push((order.id, made));
                }
            }
            if found.len() == count || clock.now() > until {
                return found;
            }
            clock.sleep(LOOK).await;
        }
    }

    fn acts(&mut self, path: &str, body: &Value) {
        if let Err(error) = self.sandbox.servicetitan().control("POST", path, body) {
            self.missed += 1;
            self.tell(&format!("    that cannot be done: {error}"));
        }
    }

    async fn stands(&mut self, order: WorkOrderId, status: Status) {
        let what = format!("ServiceChannel: work order {order} is {status}");
        self.sees(&what, |sandbox| {
            standing(sandbox, order) == Some(status.clone())
        })
        .await;
    }

    async fn bookings(&mut self) {
        let found = self.with(3, booking).await;
        let confirmed = Status::of(Primary::InProgress, "DISPATCH CONFIRMED");
        let answers = [
            ("accept", "accepts", confirmed.clone()),
            ("dismiss", "declines", Status::of(Primary::Open, "DECLINED")),
            ("convert", "books a job for", confirmed),
        ];
        if found.len() < answers.len() {
            self.missed += 1;
            self.tell("    there are no bookings to answer");
        }
        for ((order, booking), (path, word, status)) in found.into_iter().zip(answers) {
            self.tell(&format!(
                "The office {word} the booking of work order {order}"
            ));
            self.acts(&format!("bookings/{}/{path}", booking["id"]), &json!({}));
            self.stands(order, status).await;
        }
    }

    async fn day(&mut self) {
        let found = self.with(5, job).await;
        let [full, held, called_off, canceled, changed] = found.as_slice() else {
            self.missed += 1;
            return self.tell("    there are no jobs to go to");
        };
        self.visit(
            full,
            "dispatch",
            "sets out for",
            Status::of(Primary::InProgress, "DISPATCH CONFIRMED"),
        )
        .await;
        self.visit(
            full,
            "arrive",
            "arrives at",
            Status::of(Primary::InProgress, "ON SITE"),
        )
        .await;
        self.tell(&format!("The job of work order {} is done", full.0));
        self.acts(&format!("jobs/{}/complete", full.1["id"]), &json!({}));
        self.stands(
            full.0,
            Status::of(Primary::Completed, "PENDING CONFIRMATION"),
        )
        .await;
        self.bill(full).await;

        self.visit(
            held,
            "dispatch",
            "sets out for",
            Status::of(Primary::InProgress, "DISPATCH CONFIRMED"),
        )
        .await;
        self.tell(&format!("The job of work order {} has to wait", held.0));
        self.acts(
            &format!("jobs/{}/hold", held.1["id"]),
            &json!({ "memo": "A part is missing" }),
        );
        let order = held.0;
        let what = format!("ServiceChannel: work order {order} waits, for a part or for somebody");
        self.sees(&what, |sandbox| {
            let waits = ["INCOMPLETE", "PARTS ON ORDER", "WAITING FOR QUOTE"];
            standing(sandbox, order).is_some_and(|status| waits.contains(&status.below()))
        })
        .await;

        let (order, made) = (called_off.0, called_off.1["id"].clone());
        self.tell(&format!("The client cancels work order {order}"));
        if self.sandbox.servicechannel().cancel(order).is_ok() {
            let what = format!("ServiceTitan: job {made} is canceled");
            self.sees(&what, |sandbox| {
                job(sandbox, order).is_some_and(|job| job["jobStatus"] == "Canceled")
            })
            .await;
        }

        let order = canceled.0;
        self.tell(&format!("The office cancels the job of work order {order}"));
        self.acts(
            &format!("jobs/{}/cancel", canceled.1["id"]),
            &json!({ "memo": "Booked twice" }),
        );
        let what =
            format!("ServiceChannel: a note asks the client what becomes of work order {order}");
        self.sees(&what, |sandbox| {
            let notes = sandbox.servicechannel().notes(order);
            notes.iter().any(|note| note.action_required)
        })
        .await;

        let (order, text) = (changed.0, "It is worse than we said");
        self.tell(&format!("The client words work order {order} anew"));
        let edit = Edit {
            description: Some(text.to_owned()),
            ..Edit::default()
        };
        if self.sandbox.servicechannel().edit(order, edit).is_ok() {
            let what = format!(
                "ServiceTitan: the summary of job {} says so",
                changed.1["id"]
            );
            self.sees(&what, |sandbox| {
                let summary = job(sandbox, order).map(|job| job["summary"].clone());
                summary.is_some_and(|summary| summary.as_str().unwrap_or_default().contains(text))
            })
            .await;
        }
    }

    async fn visit(&mut self, of: &(WorkOrderId, Value), act: &str, word: &str, status: Status) {
        self.tell(&format!(
            "A technician {word} the store of work order {}",
            of.0
        ));
        self.acts(
            &format!("appointments/{}/{act}", of.1["firstAppointmentId"]),
            &json!({}),
        );
        self.stands(of.0, status).await;
    }

    async fn bill(&mut self, of: &(WorkOrderId, Value)) {
        let (order, made) = of;
        self.tell(&format!(
            "The store confirms work order {order}; the office posts the invoice"
        ));
        let client = self.sandbox.servicechannel();
        let confirmed = Status::of(Primary::Completed, "CONFIRMED");
        let bill = json!({ "summary": "Replaced the motor", "items": [{ "skuName": "LABOR" }] });
        let titan = self.sandbox.servicetitan();
        let invoice = format!("invoices/{}", made["invoiceId"]);
        if client.set_status(*order, confirmed).is_err()
            || titan.control("PATCH", &invoice, &bill).is_err()
        {
            self.missed += 1;
            return self.tell("    that cannot be done");
        }
        self.acts(&format!("{invoice}/post"), &json!({}));
        let what = format!("ServiceChannel: the invoice of work order {order} is there");
        self.sees(&what, |sandbox| sent(sandbox, *order).is_some())
            .await;
        let Some(invoice) = sent(self.sandbox, *order) else {
            return;
        };
        self.tell("The client approves it");
        if self
            .sandbox
            .servicechannel()
            .act_on_invoice(invoice, InvoiceAction::Approve, "")
            .is_ok()
        {
            let what = format!("ServiceTitan: a note on job {} says so", made["id"]);
            let path = format!("jpm/jobs/{}/notes", made["id"]);
            self.sees(&what, |sandbox| {
                let notes = rows(sandbox, &path);
                notes.iter().any(|note| {
                    note["text"]
                        .as_str()
                        .unwrap_or_default()
                        .contains("is approved")
                })
            })
            .await;
        }
    }
}

fn sent(sandbox: &Sandbox, order: WorkOrderId) -> Option<super::servicechannel::model::InvoiceId> {
    let all = sandbox.servicechannel().invoices();
    let own = all.into_iter().find(|invoice| invoice.work_order == order);
    own.map(|invoice| invoice.id)
}

fn standing(sandbox: &Sandbox, order: WorkOrderId) -> Option<Status> {
    let all = sandbox.servicechannel().overview();
    let own = all.into_iter().find(|found| found.id == order);
    own.map(|order| order.status)
}

/// What someone in the office lists.
fn rows(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let page = sandbox.servicetitan().office("GET", path, None);
    let page = page.ok().flatten().unwrap_or_default();
    page["data"].as_array().cloned().unwrap_or_default()
}

fn booking(sandbox: &Sandbox, order: WorkOrderId) -> Option<Value> {
    let mut found = rows(sandbox, &format!("crm/bookings?externalId=sc-{order}"));
    found.pop().filter(|booking| booking["status"] == "New")
}

/// The job of a work order whose client permits what the story is about.
fn job(sandbox: &Sandbox, order: WorkOrderId) -> Option<Value> {
    let first = sandbox.servicechannel().subscribers().into_iter().next()?.0;
    let all = sandbox.servicechannel().overview();
    all.iter()
        .find(|found| found.id == order && found.subscriber == first)?;
    let guid = sandbox.servicetitan().config().application_guid;
    let path = format!(
        "jpm/jobs?externalDataApplicationGuid={guid}&externalDataKey=servicechannel.workOrderId&externalDataValues={order}"
    );
    rows(sandbox, &path).pop()
}
