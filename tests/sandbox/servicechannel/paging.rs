//! Pages: links, limits, and what happens when rows change in between.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use syncline::sandbox::kit::faults::{Action, Rule};
use syncline::sandbox::servicechannel::OTHER_PROVIDER_ID;
use syncline::sandbox::servicechannel::Settings;
use syncline::sandbox::servicechannel::model::{ProviderId, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;

use crate::sandbox::{Sc, ids, rows, start};

fn link(page: &Value) -> Option<&str> {
    page.get("@odata.nextLink")
        .map(|link| link.as_str().unwrap())
}

/// A true keyset walk, as a pipeline does it: `between` runs after each page.
async fn walk(sc: &Sc, mut between: impl FnMut(usize)) -> Vec<(i64, String)> {
    let mut seen: Vec<(i64, String)> = Vec::new();
    let mut cursor = ("2026-01-01T00:00:00Z".to_owned(), 0);
    for page in 0.. {
        let (stamp, id) = &cursor;
        let filter = format!(
            "(UpdatedDate gt {stamp} or (UpdatedDate eq {stamp} and Id gt {id})) and \
             CallDate ge 2025-12-01T00:00:00Z"
        );
        let query = [
            ("$filter", filter.as_str()),
            ("$orderby", "UpdatedDate asc,Id asc"),
        ];
        let found = sc.list(&query).await;
        let new = rows(&found).iter().map(|row| {
            (
                row["Id"].as_i64().unwrap(),
                row["UpdatedDate"].as_str().unwrap().to_owned(),
            )
        });
        seen.extend(new);
        let Some((id, stamp)) = seen.last().cloned() else {
            break;
        };
        cursor = (stamp, id);
        between(page);
        if rows(&found).len() < 50 {
            break;
        }
    }
    seen
}

#[tokio::test]
async fn a_link_is_given_only_where_the_server_cut_the_page() {
    let sc = Sc::new().await;
    let filter = ("$filter", "Status/Primary eq 'OPEN'");
    let page = sc.list(&[("$select", "Id"), filter]).await;
    let expected = format!(
        "{}/v3/odata/workorders?$select=Id&$filter=Status%2FPrimary%20eq%20'OPEN'&$skip=50",
        sc.served.url()
    );
    assert_eq!(link(&page), Some(expected.as_str()));
    assert_eq!(link(&sc.list(&[filter, ("$top", "5")]).await), None);
    assert_eq!(link(&sc.list(&[filter, ("$top", "50")]).await), None);
    assert!(
        link(&sc.list(&[filter, ("$top", "120")]).await)
            .unwrap()
            .contains("$top=70&$skip=50")
    );
    assert_eq!(
        link(&sc.list(&[("$filter", "Id eq 310000001")]).await),
        None
    );

    let base = "http://sb2api.example/v3".to_owned();
    sc.world().set(Settings {
        next_link_base: Some(base.clone()),
        ..Settings::unlimited()
    });
    assert!(link(&sc.list(&[filter]).await).unwrap().starts_with(&base));
}

#[tokio::test]
async fn links_lead_to_the_end_and_show_every_row_once() {
    let sc = Sc::new().await;
    let query = [
        ("$filter", "CallDate ge 2025-12-01T00:00:00Z"),
        ("$orderby", "Id"),
        ("$count", "true"),
    ];
    let mut page = sc.list(&query).await;
    let total = page["@odata.count"].as_u64().unwrap();
    let mut seen = ids(&page);
    while let Some(next) = link(&page) {
        let path = next.strip_prefix(&sc.served.url()).unwrap().to_owned();
        page = sc.get(&path).await.ok();
        seen.extend(ids(&page));
    }
    assert_eq!(seen.len() as u64, total);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
}

#[tokio::test]
async fn a_keyset_walk_sees_every_row_once_although_120_share_a_tick() {
    let sc = Sc::new().await;
    let tied: Vec<WorkOrderId> = (310_000_200..310_000_320).map(WorkOrderId).collect();
    let stamp = sc.world().same_tick(&tied).unwrap();
    let seen = walk(&sc, |_| {}).await;
    let distinct: BTreeSet<_> = seen.iter().map(|(id, _)| *id).collect();
    assert_eq!(distinct.len(), seen.len());
    let called = "2025-12-01T00:00:00Z"
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap();
    let listed = sc
        .world()
        .overview()
        .into_iter()
        .filter(|o| o.call_date >= called)
        .count();
    assert_eq!(seen.len(), listed);
    let written = stamp.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let at_stamp = seen
        .iter()
        .filter(|(_, at)| instant(at) == instant(&written))
        .count();
    let tied_and_listed = sc
        .world()
        .overview()
        .into_iter()
        .filter(|o| o.updated_date == stamp && o.call_date >= called);
    assert_eq!(at_stamp, tied_and_listed.count());
    assert!(at_stamp > 100);
}

fn instant(text: &str) -> chrono::DateTime<chrono::FixedOffset> {
    chrono::DateTime::parse_from_rfc3339(text).unwrap()
}

#[tokio::test]
async fn rows_that_change_between_pages_come_again_at_the_end_of_a_keyset_walk() {
    let sc = Sc::new().await;
    let first = ids(&sc
        .list(&[
            ("$filter", "CallDate ge 2025-12-01T00:00:00Z"),
            ("$orderby", "UpdatedDate asc,Id asc"),
        ])
        .await)[0];
    let seen = walk(&sc, |page| {
        if page == 0 {
            let edit = Edit {
                nte: Some(1.0),
                ..Edit::default()
            };
            sc.world().edit(WorkOrderId(first), edit).unwrap();
        }
    })
    .await;
    assert_eq!(seen.iter().filter(|(id, _)| *id == first).count(), 2);
    assert_eq!(seen.last().unwrap().0, first);
}

#[tokio::test]
async fn with_skip_a_change_between_pages_hides_a_row() {
    let sc = Sc::new().await;
    let query = |skip: &'static str| {
        [
            ("$filter", "CallDate ge 2026-10-31T08:00:01Z"),
            ("$orderby", "UpdatedDate asc"),
            ("$skip", skip),
        ]
    };
    let all: Vec<i64> = {
        let mut all = ids(&sc.list(&query("0")).await);
        all.extend(ids(&sc.list(&query("50")).await));
        all
    };
    let first = ids(&sc.list(&query("0")).await);
    sc.world()
        .edit(WorkOrderId(first[0]), Edit::default())
        .unwrap();
    let second = ids(&sc.list(&query("50")).await);
    assert_eq!(all[50], second_before(&all));
    assert!(
        !second.contains(&all[50]),
        "the row that moved up is on neither page"
    );
}

fn second_before(all: &[i64]) -> i64 {
    *all.get(50).expect("two full pages")
}

#[tokio::test]
async fn a_row_can_come_late_with_an_old_stamp() {
    let sc = Sc::new().await;
    let filter = "UpdatedDate ge 2026-11-02T08:00:00Z and CallDate ge 2026-01-01T00:00:00Z";
    let listed = async || {
        ids(&sc
            .list(&[("$filter", filter), ("$orderby", "UpdatedDate")])
            .await)
    };
    let new: Vec<_> = sc.world().arrive(2).iter().map(|id| id.0).collect();
    sc.world()
        .appear_late(WorkOrderId(new[0]), Duration::from_secs(60))
        .unwrap();
    assert_eq!(listed().await, [new[1]]);
    sc.get(&format!("/v3/workorders/{}", new[0])).await.ok();
    sc.world().kit().clock.advance(Duration::from_secs(61));
    assert_eq!(listed().await, new, "it stands where its stamp puts it");

    let rule = Rule::under(
        "/v3/workorders",
        Action::LateRow {
            delay: Duration::from_secs(60),
        },
    );
    sc.world().kit().faults.set(vec![rule.at_most(1)]).unwrap();
    let more = sc.world().arrive(2);
    assert_eq!(listed().await, [new[0], new[1], more[1].0]);
    sc.world().kit().clock.advance(Duration::from_secs(61));
    assert_eq!(listed().await, [new[0], new[1], more[0].0, more[1].0]);
}

#[tokio::test]
async fn young_rows_are_not_seen_while_reads_lag() {
    let sc = Sc::new().await;
    let filter = "UpdatedDate ge 2026-11-02T08:00:00Z";
    let new = sc.world().arrive(1);
    let rule = Rule::under(
        "/v3/odata",
        Action::ReadLag {
            lag: Duration::from_secs(20),
        },
    );
    sc.world().kit().faults.set(vec![rule]).unwrap();
    assert_eq!(ids(&sc.list(&[("$filter", filter)]).await), [0_i64; 0]);
    sc.world().kit().clock.advance(Duration::from_secs(21));
    assert_eq!(ids(&sc.list(&[("$filter", filter)]).await), [new[0].0]);
}

#[tokio::test]
async fn a_work_order_of_another_provider_is_gone() {
    let sc = Sc::new().await;
    let id = sc.world().arrive(1)[0];
    let path = format!("/v3/workorders/{id}");
    sc.get(&path).await.ok();
    sc.world()
        .move_to(id, ProviderId(OTHER_PROVIDER_ID))
        .unwrap();
    assert_eq!(sc.get(&path).await.refusal(), (400, 502));
    assert_eq!(
        ids(&sc.list(&[("$filter", &format!("Id eq {id}"))]).await),
        [0_i64; 0]
    );
}

#[tokio::test]
async fn rows_can_be_put_in_with_any_stamp() {
    let sc = Sc::new().await;
    let stamp = start() - chrono::TimeDelta::days(10);
    let ids_put = sc.world().insert_at(3, stamp);
    let written = stamp.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let found = sc
        .list(&[("$filter", &format!("UpdatedDate eq {written}"))])
        .await;
    assert_eq!(
        ids(&found),
        ids_put.iter().map(|id| id.0).collect::<Vec<_>>()
    );
}
