//! Who may use the admin listener, with their tokens.

use super::Engine;
use crate::engine::connect::Secret;
use crate::lang::plan::AccessScope;

/// A shorter token could be guessed.
const SHORTEST: usize = 16;

/// Somebody who may use the admin listener.
#[derive(Clone, Debug)]
pub struct Token {
    /// Who.
    pub name: String,
    /// What for.
    pub scope: AccessScope,
    /// What they give.
    pub secret: Secret,
}

impl Engine {
    /// The tokens that the files name, and why those cannot be used that cannot.
    pub async fn access(&self) -> (Vec<Token>, Vec<(String, String)>) {
        let (mut tokens, mut failed) = (Vec::new(), Vec::new());
        for access in &self.plan().runtime.access {
            let name = access.name.to_string();
            match self.secrets.resolve(&access.token).await {
                Ok(secret) if secret.expose().len() < SHORTEST => {
                    let token = &access.token;
                    failed.push((
                        name,
                        format!("the secret `{token}` is shorter than {SHORTEST} letters"),
                    ));
                }
                Ok(secret) => tokens.push(Token {
                    name,
                    scope: access.scope,
                    secret,
                }),
                Err(error) => failed.push((name, error.to_string())),
            }
        }
        (tokens, failed)
    }
}
