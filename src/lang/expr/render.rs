//! Runs the pieces of a template that make text.

use super::containers::{Fields, LoopState};
use super::error::Problem;
use super::eval::{Fail, Run};
use super::ir::{For, Node, Stmt, Target};
use super::val::Val;

/// Encodes a value for the place it is put into, such as a URL.
pub type Encode = fn(&str, &mut String);

impl<'v> Run<'v> {
    pub(crate) fn render(
        &mut self,
        stmts: &'v [Stmt],
        out: &mut String,
        encode: Option<Encode>,
    ) -> Result<(), Fail> {
        for stmt in stmts {
            match stmt {
                Stmt::Raw(raw) => out.push_str(raw),
                Stmt::Emit(node) => self.emit(node, out, encode)?,
                Stmt::For(looped) => self.render_for(looped, out, encode)?,
                Stmt::If(branch) => {
                    let yes = self.eval(&branch.when)?.is_true();
                    let chosen = if yes { &branch.then } else { &branch.otherwise };
                    self.render(chosen, out, encode)?;
                }
                Stmt::Set(target, node) => {
                    let value = self.eval(node)?;
                    self.assign(target, value, node)?;
                }
                Stmt::SetText(target, body) => {
                    let mut text = String::new();
                    let depth = self.locals.len();
                    self.render(body, &mut text, None)?;
                    self.locals.truncate(depth);
                    if let Target::One(name) = target {
                        self.locals.push((&name.text, Val::from(text)));
                    }
                }
                Stmt::With(given, body) => {
                    let depth = self.locals.len();
                    for (target, node) in given {
                        let value = self.eval(node)?;
                        self.assign(target, value, node)?;
                    }
                    self.render(body, out, encode)?;
                    self.locals.truncate(depth);
                }
            }
        }
        Ok(())
    }

    /// Writes the value of an expression as text.
    pub(crate) fn emit(
        &mut self,
        node: &'v Node,
        out: &mut String,
        encode: Option<Encode>,
    ) -> Result<(), Fail> {
        let value = self.eval(node)?;
        match encode {
            None => value.write(out).map_err(Fail::at(node))?,
            Some(encode) => encode(&value.to_text().map_err(Fail::at(node))?, out),
        }
        self.cx.fits(out.len()).map_err(Fail::at(node))
    }

    fn assign(&mut self, target: &'v Target, value: Val<'v>, node: &Node) -> Result<(), Fail> {
        match target {
            Target::One(name) => self.locals.push((&name.text, value)),
            Target::Several(names) => {
                if value.is_null() || matches!(value, Val::List(_)) {
                    for (index, name) in names.iter().enumerate() {
                        let item = value.item(&Val::from(index));
                        self.locals.push((&name.text, item));
                    }
                } else {
                    return Err(Fail::at(node)(Problem::NotAList(value.kind())));
                }
            }
        }
        Ok(())
    }

    /// Names set inside an iteration end with it.
    fn render_for(
        &mut self,
        looped: &'v For,
        out: &mut String,
        encode: Option<Encode>,
    ) -> Result<(), Fail> {
        let list = self.eval(&looped.items)?;
        let mut items = self.cx.items(&list).map_err(Fail::at(&looped.items))?;
        let depth = self.locals.len();
        if let Some(condition) = &looped.only_if {
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                self.assign(&looped.target, item.clone(), &looped.items)?;
                if self.eval(condition)?.is_true() {
                    kept.push(item);
                }
                self.locals.truncate(depth);
            }
            items = kept;
        }
        if items.is_empty() {
            self.render(&looped.otherwise, out, encode)?;
            self.locals.truncate(depth);
            return Ok(());
        }
        let length = items.len();
        for (index, item) in items.into_iter().enumerate() {
            let state = Fields::Loop(LoopState { index, length });
            self.locals.push(("loop", Val::Map(state)));
            self.assign(&looped.target, item, &looped.items)?;
            self.render(&looped.body, out, encode)?;
            self.locals.truncate(depth);
            self.cx.spend(1).map_err(Fail::at(&looped.items))?;
        }
        Ok(())
    }
}
