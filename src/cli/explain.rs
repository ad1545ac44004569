//! `explain CODE`: cause, wrong example, right example.

use super::args::ExplainArgs;
use super::exit::Exit;
use super::out::Out;
use crate::lang::diag::{self, Code};

#[expect(clippy::unnecessary_wraps, reason = "every command may fail")]
pub(super) fn run(args: &ExplainArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(code) = &args.code else {
        let width = Code::ALL
            .iter()
            .map(|code| code.name().len())
            .max()
            .unwrap_or_default();
        if out.is_json() {
            let codes: Vec<_> = Code::ALL
                .iter()
                .map(|code| serde_json::json!({ "code": code.name(), "severity": code.severity().name(), "summary": code.summary() }))
                .collect();
            out.json(&codes);
        } else {
            let lines: Vec<String> = Code::ALL
                .iter()
                .map(|code| format!("{:width$}  {}", code.name(), code.summary()))
                .collect();
            out.data(&lines.join("\n"));
        }
        return Ok(Exit::Fine);
    };
    match diag::explain(code) {
        Ok(page) if out.is_json() => out.json(&serde_json::json!({ "code": code, "page": page })),
        Ok(page) => out.data(page),
        Err(unknown) => {
            out.talk(&format!("error: {unknown}"));
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Fine)
}
