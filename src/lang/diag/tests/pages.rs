//! The catalogue: each code has a page, each page keeps its form, its examples are what they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// The parts of a page.
struct Page<'a> {
    title: &'a str,
    summary: &'a str,
    cause: &'a str,
    wrong: &'a str,
    right: &'a str,
}

fn parse(page: &str) -> Option<Page<'_>> {
    let (title, rest) = page.strip_prefix("# ")?.split_once("\n\n")?;
    let (summary, rest) = rest.split_once("\n\n## Cause\n\n")?;
    let (cause, rest) = rest.split_once("\n\n## Wrong\n\n```yaml\n")?;
    let (wrong, rest) = rest.split_once("\n```\n\n## Right\n\n```yaml\n")?;
    let right = rest.strip_suffix("\n```\n")?;
    Some(Page {
        title,
        summary,
        cause,
        wrong,
        right,
    })
}

/// The codes that reading an example gives.
fn codes(text: &str) -> BTreeSet<&'static str> {
    let (_, source) = one_file(text);
    let documents = read(&source);
    let issues = documents.iter().flat_map(|document| &document.issues);
    issues
        .map(|issue| from_issue(&source, issue).code.name())
        .collect()
}

#[test]
fn every_page_has_its_parts() {
    for code in Code::ALL {
        let page =
            parse(code.page()).unwrap_or_else(|| panic!("{code}: the page has another form"));
        assert_eq!(page.title, code.name());
        assert_eq!(page.summary, code.summary());
        assert!(
            !page.summary.contains('\n') && page.summary.ends_with('.'),
            "{code}"
        );
        assert!(page.cause.ends_with('.') && page.cause.len() > 30, "{code}");
        assert_ne!(page.wrong, page.right, "{code}");
        let widest = code.page().lines().map(|line| line.chars().count()).max();
        let limit = if *code == Code::TooDeep { 150 } else { 110 };
        assert!(
            widest.is_some_and(|widest| widest <= limit),
            "{code}: {widest:?}"
        );
    }
}

#[test]
fn every_right_example_is_right_yaml() {
    for code in Code::ALL {
        let page = parse(code.page()).unwrap();
        assert_eq!(codes(page.right), BTreeSet::new(), "{code}");
    }
}

#[test]
fn every_wrong_example_has_the_mistake_and_no_other() {
    let end_of_yaml = Code::ALL
        .iter()
        .position(|code| *code == Code::UnknownKey)
        .unwrap();
    for (at, code) in Code::ALL.iter().enumerate() {
        let found = codes(parse(code.page()).unwrap().wrong);
        // A file of more than 4 MiB is described, not shown.
        let mistake = match at {
            // A file of more than 4 MiB is described, not shown.
            _ if *code == Code::TooLarge => Some(Code::EmptyDocument),
            _ if at < end_of_yaml => Some(*code),
            _ => None,
        };
        let expected = mistake.map(Code::name).into_iter().collect();
        assert_eq!(found, expected, "{code}");
    }
}

#[test]
fn every_page_belongs_to_a_code_and_every_code_is_there_once() {
    let names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    let unique: BTreeSet<_> = names.iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(unique.len(), names.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang/diag/codes");
    let files = fs::read_dir(folder).unwrap();
    let files: BTreeSet<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, unique);
}

#[test]
fn names_are_kebab_case() {
    for code in Code::ALL {
        let name = code.name();
        let letters = name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(
            letters && !name.starts_with('-') && !name.contains("--"),
            "{name}"
        );
        assert_eq!(Code::from_name(name), Some(*code));
    }
}

#[test]
fn explain_gives_the_page_or_names_the_nearest_codes() {
    assert_eq!(explain("unknown-key"), Ok(Code::UnknownKey.page()));
    assert_eq!(explain(" Unknown_Key "), Ok(Code::UnknownKey.page()));
    let error = explain("unknwon-filter").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no code `unknwon-filter`; did you mean `unknown-filter`?"
    );
    assert_eq!(error.nearest, [Code::UnknownFilter]);
    assert_eq!(
        explain("xyz").unwrap_err().to_string(),
        "there is no code `xyz`"
    );
    let many = explain("unknown").unwrap_err();
    assert_eq!(many.nearest.len(), 3);
}
