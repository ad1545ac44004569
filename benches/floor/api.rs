//! Both APIs as this one program needs them: a client, two tokens.

use anyhow::Context as _;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Options;

/// The id under which the app keeps its external data.
pub(super) const GUID: &str = "6f1c7a0e-0000-4000-8000-000000000001";

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Found<T> {
    pub(super) data: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
}

/// Both APIs.
pub(super) struct Api {
    client: Client,
    source: String,
    source_token: String,
    target: String,
    target_token: String,
}

impl Api {
    /// Logs in on both sides with the sandbox's made-up secrets.
    pub(super) async fn connect(options: &Options) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the floor has a client of its own"
        )]
        let client = Client::new();
        let login = client
            .post(format!("{}/oauth/token", options.source))
            .basic_auth("PR.2090000001.6F1C7A0E", Some("sandbox-client-secret"))
            .form(&[
                ("grant_type", "password"),
                ("username", "api@best.example"),
                ("password", "sandbox-password"),
            ]);
        let source: Token = answer(login).await?;
        let login = client
            .post(format!("{}/connect/token", options.target))
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", "cid.sandbox"),
                ("client_secret", "cs1.sandbox"),
            ]);
        let target: Token = answer(login).await?;
        Ok(Self {
            client,
            source: options.source.clone(),
            source_token: source.access_token,
            target: options.target.clone(),
            target_token: target.access_token,
        })
    }

    /// Reads from ServiceChannel.
    pub(super) async fn source<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let get = self.client.get(format!("{}/v3/{path}", self.source));
        answer(get.bearer_auth(&self.source_token).query(query)).await
    }

    /// Reads from ServiceTitan.
    pub(super) async fn target<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let get = self
            .client
            .get(format!("{}/{path}", self.target))
            .query(query);
        answer(self.signed(get)).await
    }

    /// Creates something in ServiceTitan.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let post = self
            .client
            .post(format!("{}/{path}", self.target))
            .json(body);
        answer(self.signed(post)).await
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .bearer_auth(&self.target_token)
            .header("ST-App-Key", "ak1.sandbox")
    }
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    let response = request.send().await?;
    let status = response.status();
    let url = response.url().clone();
    let body = response.bytes().await?;
    if !status.is_success() {
        anyhow::bail!("{url} says {status}: {}", String::from_utf8_lossy(&body));
    }
    serde_json::from_slice(&body).with_context(|| format!("{url} answers with another shape"))
}
