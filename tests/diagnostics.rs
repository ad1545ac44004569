//! The shipped workspace and one small wrong workspace for every code.

use std::path::Path;

use syncline::lang::{diag, load, plan};

#[test]
fn the_shipped_workspace_is_sound() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let project = load::read(&workspace).unwrap();
    let (plan, found) = plan::compile(&project);
    assert_eq!(diag::render(&project.sources, &found, diag::Style::default()), "");
    assert!(plan.is_some());
}
