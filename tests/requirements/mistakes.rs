//! What is misspelt in the shipped files is refused by `validate` before anything runs, with the caret on it.

use insta::assert_snapshot;

use super::office::{retype, small};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misspelt_path_filter_key_setting_or_status_is_refused_with_the_caret_on_it() {
    let world = small().await;
    world.fine(["validate"]).await;
    let pipeline = "servicechannel/work-orders.yaml";
    let refused = async |file: &str, right: &str, wrong: &str| {
        retype(&world, file, right, wrong);
        let refused = world.cmd(["validate"]).run().await.exits(3);
        assert_eq!(refused.stdout, "");
        retype(&world, file, wrong, right);
        refused.stderr
    };
    assert_snapshot!(
        "path",
        refused(
            pipeline,
            "location: { key: $.Location.Id }",
            "location: { key: $.Locaton.Id }"
        )
        .await
    );
    assert_snapshot!(
        "filter",
        refused(
            pipeline,
            "default('') | digits }}",
            "default('') | digts }}"
        )
        .await
    );
    assert_snapshot!(
        "key",
        refused(
            pipeline,
            "overrides_for: $.Subscriber.Id",
            "override_for: $.Subscriber.Id"
        )
        .await
    );
    let preference = "settings.preferences.dispatch_board and link.booking is none";
    assert_snapshot!(
        "setting",
        refused(pipeline, preference, &preference.replace("board", "bord")).await
    );
    let map = "servicechannel/maps/priority.yaml";
    assert_snapshot!(
        "status",
        refused(map, "P2 - 24 HOURS: High", "P2 - 24 HOURS: Hihg").await
    );
    world.fine(["validate"]).await;
}
