//! What an editor shows: the schemas in the language server that most editors use for YAML.
//!
//! Runs where Node and the package are present (`npm install --no-package-lock` in `tests/editor`, or
//! `SYNCLINE_EDITOR_MODULES` naming a `node_modules` folder), and says so where they are not.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};
use syncline::lang::config::VERBS;

mod tenant;

/// Longest wait for one message of the server: a guard, never waited out when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, driven over its stdin and stdout.
struct Editor {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    waiting: VecDeque<Value>,
    requests: u64,
}

impl Editor {
    /// Starts the server, or says why it cannot and gives none.
    fn start() -> Option<Self> {
        let script = modules().join("yaml-language-server/bin/yaml-language-server");
        if !script.is_file() {
            eprintln!(
                "skipped: {} is absent; run `npm install --no-package-lock` in tests/editor",
                script.display()
            );
            return None;
        }
        let child = Command::new("node")
            .arg(&script)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                eprintln!("skipped: node does not start: {error}");
                return None;
            }
        };
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, messages) = sync_channel(64);
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read_message(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut editor = Self {
            child,
            stdin,
            messages,
            waiting: VecDeque::new(),
            requests: 0,
        };
        editor.request(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": null,
                "capabilities": {
                    "workspace": { "configuration": true },
                    "textDocument": {
                        "completion": { "completionItem": { "snippetSupport": true, "documentationFormat": ["markdown"] } },
                        "hover": { "contentFormat": ["markdown"] }
                    }
                }
            }),
        );
        editor.notify("initialized", &json!({}));
        Some(editor)
    }

    /// Opens `text` as a pipeline of the shipped integration and gives what the server marks.
    fn open(&mut self, name: &str, text: &str) -> Document {
        let path = root().join("pipelines/servicechannel").join(name);
        let uri = format!("file://{}", path.display());
        self.notify(
            "textDocument/didOpen",
            &json!({ "textDocument": { "uri": uri, "languageId": "yaml", "version": 1, "text": text } }),
        );
        let marks = self.wait_for(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
        });
        let marks = marks["params"]["diagnostics"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        Document { uri, marks }
    }

    fn complete(&mut self, document: &Document, line: usize, character: usize) -> Vec<Value> {
        let reply = self.request("textDocument/completion", &document.at(line, character));
        reply["items"]
            .as_array()
            .or(reply.as_array())
            .cloned()
            .unwrap_or_default()
    }

    fn hover(&mut self, document: &Document, line: usize, character: usize) -> String {
        let reply = self.request("textDocument/hover", &document.at(line, character));
        reply["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait_for(|message| message["id"] == id && message.get("method").is_none())["result"]
            .take()
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len())
            .expect("the server reads");
        self.stdin.flush().expect("the server reads");
    }

    /// The first message that fits; questions of the server are answered meanwhile.
    fn wait_for(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.waiting.iter().position(&fits) {
            return self.waiting.remove(index).expect("the position is inside");
        }
        loop {
            let message = self
                .messages
                .recv_timeout(PATIENCE)
                .expect("the server answers");
            if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
                let result = if method == "workspace/configuration" {
                    let items = message["params"]["items"].as_array().map_or(0, Vec::len);
                    // The catalogue of public schemas is on the network.
                    let settings = json!({ "validate": true, "hover": true, "completion": true, "schemaStore": { "enable": false } });
                    json!(vec![settings; items])
                } else {
                    Value::Null
                };
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            } else if fits(&message) {
                return message;
            } else {
                self.waiting.push_back(message);
            }
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("the server was gone already: {error}");
        }
    }
}

/// An open document and what is marked in it.
struct Document {
    uri: String,
    marks: Vec<Value>,
}

impl Document {
    fn at(&self, line: usize, character: usize) -> Value {
        json!({ "textDocument": { "uri": self.uri }, "position": { "line": line, "character": character } })
    }
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tells where the package is, when it is not beside this file"
)]
fn modules() -> PathBuf {
    std::env::var_os("SYNCLINE_EDITOR_MODULES")
        .map_or_else(|| root().join("tests/editor/node_modules"), PathBuf::from)
}

const HEAD: &str = "\
# yaml-language-server: $schema=../../schemas/pipeline.json
kind: pipeline
name: trial
fetch:
  connector: servicechannel
  get: /odata/workorders
  records: $.value[*]
  record: work_order
  key: $.Id
steps:
";

/// Lines of [`HEAD`]: the first line after it has this number.
const AFTER_HEAD: usize = 10;

/// The labels of completions, in their order.
fn labels(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .filter_map(|item| item["label"].as_str())
        .collect()
}

/// What completing `label` inserts.
fn inserted<'a>(items: &'a [Value], label: &str) -> &'a str {
    let item = items.iter().find(|item| item["label"] == label);
    item.and_then(|item| item["insertText"].as_str())
        .unwrap_or_default()
}

/// Each mark as `line:column message`, the line counted from the step under trial.
fn marks(document: &Document) -> Vec<String> {
    let mut marks: Vec<_> = document
        .marks
        .iter()
        .map(|mark| {
            let start = &mark["range"]["start"];
            let line = start["line"].as_u64().unwrap() - AFTER_HEAD as u64;
            (
                line,
                start["character"].as_u64().unwrap(),
                mark["message"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    marks.sort();
    marks
        .into_iter()
        .map(|(line, column, message)| format!("{line}:{column} {message}"))
        .collect()
}

const ONE_VERB: &str =
    "A step has exactly one verb: fetch, transform, map, write, do, call, skip, hold, fail.";

#[test]
fn a_new_step_offers_the_verbs_and_what_stands_around_them() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let document = editor.open("new-step.yaml", &format!("{HEAD}  - \n"));
    let items = editor.complete(&document, AFTER_HEAD, 4);
    let mut expected = vec!["name", "when", "each", "as", "catch"];
    expected.extend(VERBS);
    assert_eq!(labels(&items), expected);
    // A verb brings the keys it cannot do without, and no others.
    assert_eq!(inserted(&items, "map"), "map:\n    use: $1\n    value: $2");
    assert_eq!(inserted(&items, "skip"), "skip:\n    reason: ");
    assert_eq!(
        inserted(&items, "transform"),
        "transform: \n  ${1:store}: ${2:\\$.Location.StoreId}\n"
    );
}

#[test]
fn hovering_shows_what_a_key_means_and_what_it_may_be() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let step = "  - write:\n      connector: servicetitan\n      on_unknown: hold\n";
    let document = editor.open("hover.yaml", &format!("{HEAD}{step}"));
    let verb = editor.hover(&document, AFTER_HEAD, 6);
    assert!(
        verb.contains("Finds what is there, creates it if not"),
        "{verb}"
    );
    let key = editor.hover(&document, AFTER_HEAD + 2, 8);
    assert!(
        key.contains("What becomes of a create whose outcome is unknown."),
        "{key}"
    );
    assert!(
        key.contains("* `hold`: A person looks and resolves it."),
        "{key}"
    );
}

#[test]
fn mistakes_are_marked_where_they_are() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    for (name, step, expected) in [
        (
            "misspelt-verb",
            "  - fecth: {}\n",
            vec![
                format!("0:4 {ONE_VERB}"),
                "0:4 Property fecth is not allowed.".to_owned(),
            ],
        ),
        ("no-verb", "  - name: x\n", vec![format!("0:4 {ONE_VERB}")]),
        (
            "missing-key",
            "  - skip: {}\n",
            vec!["0:4 Missing property \"reason\".".to_owned()],
        ),
        (
            "misspelt-key",
            "  - map:\n      use: a\n      value: $.a\n      vlaue: $.b\n",
            vec!["3:6 Property vlaue is not allowed.".to_owned()],
        ),
        (
            "wrong-word",
            "  - write: { connector: a, on_unknown: wait }\n",
            vec!["0:39 Value is not accepted. Valid values: \"settle\", \"hold\".".to_owned()],
        ),
        ("right", "  - skip: { reason: nothing to do }\n", vec![]),
    ] {
        let document = editor.open(&format!("{name}.yaml"), &format!("{HEAD}{step}"));
        assert_eq!(marks(&document), expected, "{name}");
    }
}
