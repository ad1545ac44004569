//! Files that change while orders come in: a plan is taken whole or not at all, and no attempt mixes two.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use super::apis::orchard::Order;
use super::world::World;
use crate::harness::hooks::client;
use crate::harness::wait::until_within;

const RELOADS: u32 = 1_000;
/// One edit of so many is a bad one.
const BAD: u32 = 10;
/// Reloads for each order that comes in.
const PER_ORDER: u32 = 4;

/// A daemon over the workspace.
struct Daemon {
    child: Child,
    admin: SocketAddr,
    token: String,
}

impl Daemon {
    async fn start(world: &World) -> Self {
        let mut command = world.command();
        command
            .args(["serve", "--format", "json"])
            .args(["--hooks", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("it says where");
        let said: Value = serde_json::from_str(&line).unwrap();
        let door = fs::read_to_string(world.store().with_extension("db-admin")).unwrap();
        let door: Value = serde_json::from_str(&door).unwrap();
        Self {
            child,
            admin: said["admin"].as_str().unwrap().parse().unwrap(),
            token: door["token"].as_str().unwrap().to_owned(),
        }
    }

    async fn reload(&self) -> Value {
        let asked = client().post(format!("http://{}/v1/reload", self.admin));
        let reply = asked.bearer_auth(&self.token).send().await.unwrap();
        assert!(reply.status().is_success(), "{reply:?}");
        serde_json::from_str(&reply.text().await.unwrap()).unwrap()
    }

    async fn stop(mut self) {
        let pid = rustix_pid(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        assert!(ended.expect("it ends").unwrap().success());
    }
}

fn rustix_pid(child: &Child) -> rustix::process::Pid {
    let id = i32::try_from(child.id().expect("it runs")).unwrap();
    rustix::process::Pid::from_raw(id).unwrap()
}

/// The number after `mark` in a text.
fn number(text: &str, mark: &str) -> u32 {
    let after = text
        .split(mark)
        .nth(1)
        .unwrap_or_else(|| panic!("no {mark} in {text}"));
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no {mark} in {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_reloads_lose_and_double_nothing_and_no_attempt_mixes_two_plans() {
    let world = World::start().await;
    let secrets = world.workspace().join("secrets/pear");
    fs::create_dir_all(&secrets).unwrap();
    for (name, value) in world.secrets() {
        let file = secrets.join(name);
        fs::write(&file, value).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    world.edit(
        "syncline.yaml",
        "secrets: { environment: PARCELS_ }",
        "secrets: { directory: secrets }",
    );
    world.edit("parcels/orders.yaml", "every: 1m", "every: 1s");
    // One number in the pipeline and one in the tenant's settings; both are on every packing slip.
    world.edit(
        "parcels/orders.yaml",
        "      slip: |\n",
        "      slip: |\n        plan 0 setting {{ settings.handling.surcharge_sku }}\n",
    );
    // And the first in what another request of the same attempt says.
    world.edit(
        "parcels/orders.yaml",
        "        body: { externalRef: $.buyer.ref, name: $.buyer.name, mail: $.buyer.mail }",
        "        body: { externalRef: $.buyer.ref, name: buyer of plan 0, mail: $.buyer.mail }",
    );
    world.edit(
        "parcels/orders.yaml",
        "        body: { name: $.buyer.name, mail: $.buyer.mail }",
        "        body: { name: buyer of plan 0, mail: $.buyer.mail }",
    );
    world.edit(
        "tenants/pear.yaml",
        "    insure_from: \"150.00\"\n",
        "    insure_from: \"150.00\"\n    surcharge_sku: SKU0\n",
    );
    world.turn_on().await;
    let daemon = Daemon::start(&world).await;

    let pipeline = world.read("parcels/orders.yaml");
    let tenant = world.read("tenants/pear.yaml");
    let mut placed = 0;
    for n in 1..=RELOADS {
        if n % PER_ORDER == 1 {
            placed += 1;
            let order = Order::new(&format!("OR-2026-{placed:04}"), &format!("BU-{placed:04}"));
            world.orchard.place(order);
        }
        let bad = n % BAD == 5;
        let text = pipeline.replace("plan 0", &format!("plan {n}"));
        // Whatever else the files say, a plan with this must not hold.
        let right = "steps.lines | sum('total')";
        let text = if bad {
            text.replace(right, "steps.lnes | sum('total')")
        } else {
            text
        };
        world.write("parcels/orders.yaml", &text);
        world.write(
            "tenants/pear.yaml",
            &tenant.replace("SKU0", &format!("SKU{n}")),
        );
        let done = daemon.reload().await;
        assert_eq!(done["holds"], !bad, "{n}: {done}");
    }
    let orders = RELOADS.div_ceil(PER_ORDER) as usize;
    until_within(
        Duration::from_secs(120),
        "every order is shipped",
        async || world.depot.shipments().len() >= orders,
    )
    .await;
    daemon.stop().await;

    let parties = world.depot.parties();
    let shipments = world.depot.shipments();
    assert_eq!(
        (shipments.len(), parties.len()),
        (orders, orders),
        "nothing twice"
    );
    let mut plans = std::collections::BTreeSet::new();
    for shipment in &shipments {
        let slip = shipment["slip"].as_str().unwrap();
        let plan = number(slip, "plan ");
        assert_eq!(number(slip, "SKU"), plan, "{slip}");
        let party = parties
            .iter()
            .find(|party| party["id"] == shipment["partyId"])
            .unwrap();
        assert_eq!(
            number(party["name"].as_str().unwrap(), "plan "),
            plan,
            "{shipment} of {party}"
        );
        assert!(plan % BAD != 5, "a plan that was refused made {shipment}");
        plans.insert(plan);
    }
    assert!(
        plans.len() > 50,
        "orders came in under many plans: {plans:?}"
    );
}

/// What was wrong is said at once, in the words of `validate`, and what is mended is taken without a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_written_are_taken_by_themselves() {
    let world = World::start().await;
    world.turn_on().await;
    world.edit("parcels/orders.yaml", "every: 1m", "every: 1s");
    let daemon = Daemon::start(&world).await;
    world.orchard.place(Order::new("OR-2026-0001", "BU-001"));
    let shipped = async |count: usize| {
        until_within(Duration::from_secs(30), "it is shipped", async || {
            world.depot.shipments().len() == count
        })
        .await;
    };
    shipped(1).await;
    world.edit(
        "parcels/orders.yaml",
        "      slip: |\n",
        "      slip: |\n        by hand\n",
    );
    let mut order = 1;
    until_within(
        Duration::from_secs(60),
        "the new words are taken",
        async || {
            order += 1;
            let (number, buyer) = (format!("OR-2026-{order:04}"), format!("BU-{order:03}"));
            world.orchard.place(Order::new(&number, &buyer));
            shipped(order).await;
            let slip = world.depot.shipment(&number)["slip"].clone();
            slip.as_str().unwrap().starts_with("by hand")
        },
    )
    .await;
    daemon.stop().await;
}
