//! Requests as they leave, and what cannot be one.

use serde_json::{Value, json};

use super::*;
use crate::lang::expr::{Datum, ExprEnv, Template, ValueForm};
use crate::lang::plan::{Body, Content, Part};

fn form(value: Value) -> ValueForm {
    let (form, errors) = ValueForm::compile(&ExprEnv::new(), &value);
    assert!(errors.is_empty(), "{errors:?}");
    form
}

fn pieces(text: &str) -> PathTemplate {
    let env = ExprEnv::new();
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, behind) = after.split_once("}}").unwrap();
        pieces.push(PathPiece::Text(before.into()));
        let template = Template::compile(&env, &format!("{{{{{inside}}}}}")).unwrap();
        pieces.push(PathPiece::Value(template));
        rest = behind;
    }
    pieces.push(PathPiece::Text(rest.into()));
    PathTemplate { root: None, pieces }
}

fn request(path: &str, query: Value) -> Request {
    let Value::Object(query) = query else {
        panic!("a mapping")
    };
    Request {
        connector: "api".into(),
        method: plan::Method::Get,
        path: pieces(path),
        query: query
            .into_iter()
            .map(|(name, value)| (name.into(), form(value)))
            .collect(),
        headers: Vec::new(),
        body: Body::Empty,
        origin: Origin {
            file: "p.yaml".into(),
            line: 7,
        },
    }
}

fn base() -> Base {
    let root = "https://api.example/v3/crm/v2/tenant/1000";
    Base::new(
        &"https://api.example/v3/".parse().unwrap(),
        "https://api.example/v3".into(),
        vec![("crm".into(), root.into())],
        QueryLists::Comma,
    )
}

fn render(request: &Request, record: Value) -> Result<HttpRequest, RenderError> {
    let scope = Scope::new().with("record", Datum::from(record));
    base().render(request, &scope, None, None)
}

fn url(path: &str, query: Value, record: Value) -> String {
    render(&request(path, query), record)
        .unwrap()
        .url
        .to_string()
}

fn error(path: &str, query: Value, record: Value) -> String {
    render(&request(path, query), record)
        .unwrap_err()
        .to_string()
}

#[test]
fn values_are_encoded_for_path_and_query() {
    assert_eq!(
        url(
            "/locations/{{ record.id }}/x",
            json!({}),
            json!({ "id": "a/b?c d" })
        ),
        "https://api.example/v3/locations/a%2Fb%3Fc%20d/x"
    );
    assert_eq!(
        url(
            "/odata/workorders",
            json!({
                "$filter": "Name eq {{ record.name }} and Id gt {{ record.id }}",
                "ids": "{{ record.ids }}",
                "active": true,
                "page": 1,
                "gone": "{{ record.none | default(omit) }}",
            }),
            json!({ "name": "A&B+C", "id": 9_007_199_254_740_993_i64, "ids": [1, "x,y"] })
        ),
        "https://api.example/v3/odata/workorders?$filter=Name%20eq%20A%26B%2BC%20and%20Id%20gt%209007199254740993&ids=1,x%2Cy&active=true&page=1"
    );
}

#[test]
fn lists_repeat_where_the_connector_says_so() {
    let base = Base {
        query_lists: QueryLists::Repeat,
        ..base()
    };
    let request = request("/x", json!({ "ids": [1, 2] }));
    let rendered = base.render(&request, &Scope::new(), None, None).unwrap();
    assert_eq!(rendered.url.query(), Some("ids=1&ids=2"));
}

#[test]
fn a_root_stands_before_the_path() {
    let mut request = request("/customers", json!({}));
    request.path.root = Some("crm".into());
    assert_eq!(
        render(&request, json!({})).unwrap().url.as_str(),
        "https://api.example/v3/crm/v2/tenant/1000/customers"
    );
}

#[test]
fn what_has_no_place_in_a_request_is_named_with_its_line() {
    let errors = [
        error("/x", json!({ "q": "{{ record.none }}" }), json!({})),
        error(
            "/x",
            json!({ "q": "{{ record.list }}" }),
            json!({ "list": [] }),
        ),
        error(
            "/x",
            json!({ "q": "{{ record.list }}" }),
            json!({ "list": [null] }),
        ),
        error("/x", json!({ "q": "{{ record }}" }), json!({ "a": 1 })),
        error("/x/{{ record.id }}", json!({}), json!({ "id": "" })),
        error("/x/{{ record.id }}", json!({}), json!({ "id": ".." })),
        error("/x/{{ record.id }}", json!({}), json!({})),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r"
    p.yaml:7: query parameter `q` is null; give it a `default('…')`, or drop it with `default(omit)`
    p.yaml:7: query parameter `q` is an empty list; ask for it in `when`, or drop it with `omit`
    p.yaml:7: query parameter `q` is null; give it a `default('…')`, or drop it with `default(omit)`
    p.yaml:7: query parameter `q` is a mapping; use `tojson`
    p.yaml:7: a value in the path is empty; it would address another resource
    p.yaml:7: a value in the path is `.` or `..`; it would address another resource
    p.yaml:7: a value in the path: `record.id`: is null inside text; give it a `default('…')`, or ask for it in `when`
    ");
}

#[test]
fn a_header_cannot_carry_another() {
    let mut request = request("/x", json!({}));
    request.headers = vec![("X-Note".into(), form(json!("{{ record.note }}")))];
    let error = render(&request, json!({ "note": "a\r\nX-Evil: 1" })).unwrap_err();
    assert_eq!(
        error.to_string(),
        "p.yaml:7: header `X-Note` is no legal header; a header has no line ends and no control characters"
    );
    let fine = render(&request, json!({ "note": 5 })).unwrap();
    assert_eq!(fine.headers["x-note"], "5");
}

#[test]
fn bodies_are_json_forms_and_parts() {
    let mut request = request("/x", json!({}));
    request.body = Body::Json(form(
        json!({ "a": "{{ record.a }}", "b": ["{{ record.none | default(omit) }}"] }),
    ));
    let rendered = render(&request, json!({ "a": 1 })).unwrap();
    assert_eq!(&rendered.body[..], br#"{"a":1,"b":[]}"#);
    assert_eq!(rendered.headers[CONTENT_TYPE], "application/json");
    let failed = render(&request, json!({ "a": { "b": 1 } }));
    assert!(failed.is_ok(), "a mapping is a value of a body");

    request.body = Body::Form(vec![("note".into(), form(json!("{{ record.note }}")))]);
    let rendered = render(&request, json!({ "note": "a b&c=ü" })).unwrap();
    assert_eq!(&rendered.body[..], b"note=a+b%26c%3D%C3%BC");

    let filename = Template::compile(&ExprEnv::new(), "{{ record.file }}").unwrap();
    request.body = Body::Multipart(vec![
        Part {
            name: "meta".into(),
            filename: None,
            content_type: Some("application/json".into()),
            content: Content::Value(form(json!({ "id": "{{ record.id }}" }))),
        },
        Part {
            name: "file".into(),
            filename: Some(filename),
            content_type: None,
            content: Content::Value(form(json!("text"))),
        },
    ]);
    let rendered = render(&request, json!({ "id": 5, "file": "a\"\r\n.txt" })).unwrap();
    let boundary = rendered.headers[CONTENT_TYPE]
        .to_str()
        .unwrap()
        .split_once('=')
        .unwrap()
        .1;
    let text = String::from_utf8(rendered.body.to_vec()).unwrap();
    insta::assert_snapshot!(text.replace(boundary, "BOUNDARY").replace('\r', ""), @r#"
    --BOUNDARY
    Content-Disposition: form-data; name="meta"
    Content-Type: application/json

    {"id":5}
    --BOUNDARY
    Content-Disposition: form-data; name="file"; filename="a%22%0D%0A.txt"

    text
    --BOUNDARY--
    "#);
}

#[test]
fn the_fingerprint_tells_requests_apart() {
    let one = render(&request("/a", json!({ "x": 1 })), json!({})).unwrap();
    let same = render(&request("/a", json!({ "x": 1 })), json!({})).unwrap();
    let other = render(&request("/a", json!({ "x": 2 })), json!({})).unwrap();
    assert_eq!(one.fingerprint(), same.fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
}

#[test]
fn a_page_adds_parameters_or_replaces_the_address() {
    let request = request("/x", json!({ "$skip": 3, "a": 1 }));
    let scope = Scope::new();
    let page = PageRequest {
        query: vec![("$skip".into(), "49".into())],
        ..PageRequest::default()
    };
    let name: Arc<str> = "page".into();
    let number = Some((&name, "2:50".to_owned()));
    let rendered = base()
        .render(&request, &scope, Some(&page), number)
        .unwrap();
    assert_eq!(rendered.url.query(), Some("a=1&$skip=49&page=2:50"));
    let next = Url::parse("https://api.example/v3/x?$skip=50").unwrap();
    let page = PageRequest {
        url: Some(next.clone()),
        ..PageRequest::default()
    };
    assert_eq!(
        base()
            .render(&request, &scope, Some(&page), None)
            .unwrap()
            .url,
        next
    );
}
