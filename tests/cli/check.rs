//! `check`: which credential or requirement fails, and why.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::World;

const CHECK: [&str; 2] = ["check", "sandbox"];

#[tokio::test]
async fn everything_is_well() {
    let world = World::start().await;
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let world = World::start().await;
    world.secret("sandbox/servicechannel/password", "not the password");
    let seen = world.sees(CHECK).await;
    assert!(!seen.contains("not the password"), "{seen}");
    assert_snapshot!(seen);
}

#[tokio::test]
async fn a_wrong_client_secret_is_named_on_either_side() {
    let world = World::start().await;
    world.secret("sandbox/servicechannel/client_secret", "no secret");
    world.secret("sandbox/servicetitan/client_secret", "no secret");
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn a_wrong_client_id_is_named() {
    let world = World::start().await;
    world.tenant("/accounts/servicechannel/client_id", json!("PR.1.00000000"));
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn a_wrong_tenant_or_app_key_is_named() {
    let world = World::start().await;
    world.secret("servicetitan/app_key", "no key");
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn a_choice_that_is_not_offered_is_named() {
    let world = World::start().await;
    world.tenant("/settings/preferences/business_unit", json!(999_999));
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn nobody_answers() {
    let world = World::start().await;
    // Nothing listens there: the port is reserved.
    world.tenant("/accounts/servicetitan/api_url", json!("http://127.0.0.1:1"));
    world.tenant("/accounts/servicetitan/auth_url", json!("http://127.0.0.1:1"));
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn a_secret_that_is_not_there() {
    let world = World::start().await;
    std::fs::remove_file(world.workspace().join("secrets/sandbox/servicechannel/password")).unwrap();
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn a_secret_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::start().await;
    let file = world.workspace().join("secrets/sandbox/servicechannel/password");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(world.sees(CHECK).await);
}

#[tokio::test]
async fn for_programs() {
    let world = World::start().await;
    world.secret("sandbox/servicechannel/password", "not the password");
    assert_snapshot!(world.sees(["check", "sandbox", "--format", "json"]).await);
}
