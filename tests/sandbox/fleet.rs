//! Many customers behind one address per vendor.

use serde_json::Value;
use syncline::sandbox::Limits;
use syncline::sandbox::fleet::{Customer, Fleet, FleetConfig};
use syncline::sandbox::kit::time::SimClock;
use syncline::sandbox::servicechannel::{CLIENT_SECRET, PASSWORD, USERNAME};

use crate::sandbox::{client, start};

async fn fleet(customers: usize) -> Fleet {
    let config = FleetConfig {
        customers,
        seed: 7,
        clock: SimClock::starting(start(), 1),
        limits: Limits::Documented,
    };
    Fleet::start(config).await.unwrap()
}

fn value(customer: &Customer, connector: &str, param: &str) -> String {
    let mut values = customer.account_values().into_iter();
    let found = values.find(|(of, name, _)| *of == connector && *name == param);
    found.unwrap().2
}

async fn log_in(at: &Customer, with: &Customer) -> reqwest::Response {
    let form = [
        ("grant_type", "password"),
        ("username", USERNAME),
        ("password", PASSWORD),
    ];
    client()
        .post(format!(
            "{}/oauth/token",
            value(at, "servicechannel", "login_url")
        ))
        .basic_auth(
            value(with, "servicechannel", "client_id"),
            Some(CLIENT_SECRET),
        )
        .form(&form)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn each_customer_has_its_own_accounts_and_its_own_data() {
    let fleet = fleet(2).await;
    let [first, second] = fleet.customers() else {
        panic!("two were asked for");
    };
    assert_eq!((&*first.name, &*second.name), ("c0001", "c0002"));
    first.servicechannel.arrive(3);
    second.servicechannel.arrive(1);

    // The credentials of one are nothing to the other.
    assert_eq!(log_in(second, first).await.status(), 302);
    let mut seen = Vec::new();
    for customer in [first, second] {
        let token: Value = log_in(customer, customer).await.json().await.unwrap();
        let orders: Value = client()
            .get(format!(
                "{}/odata/workorders",
                value(customer, "servicechannel", "api_url")
            ))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        seen.push(orders["value"].as_array().unwrap().len());
        // The refused login is the other customer's only trace here.
        let asked = customer.servicechannel.kit().audit.summary().requests;
        assert_eq!(asked, if customer.name == second.name { 3 } else { 2 });
    }
    assert_eq!(seen, [3, 1]);
    fleet.stop().await;
}

#[tokio::test]
async fn all_share_the_address_and_not_the_limits() {
    let fleet = fleet(2).await;
    let [first, second] = fleet.customers() else {
        panic!("two were asked for");
    };
    let url = |customer: &Customer| value(customer, "servicechannel", "login_url");
    let host = |url: &str| url.rsplit_once('/').unwrap().0.to_owned();
    assert_eq!(host(&url(first)), host(&url(second)));
    let token = async |customer: &Customer| {
        let token: Value = log_in(customer, customer).await.json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    };
    let (one, other) = (token(first).await, token(second).await);
    let http = client();
    let ask = async |customer: &Customer, token: &str| {
        let url = format!("{}/v3/odata/workorders?$top=0", url(customer));
        let reply = http.get(url).bearer_auth(token).send().await.unwrap();
        reply.status().as_u16()
    };
    // 300 a minute.
    let mut answers = Vec::new();
    while answers.last() != Some(&429) && answers.len() < 400 {
        answers.push(ask(first, &one).await);
    }
    assert_eq!((answers.len(), answers.last()), (301, Some(&429)));
    assert_eq!(ask(second, &other).await, 200);
    // Nobody has this name.
    let nowhere = format!("{}/c0003/oauth/token", host(&url(first)));
    let reply = http.post(nowhere).send().await.unwrap();
    assert_eq!(reply.status(), 404);
    fleet.stop().await;
}
