//! A browser as far as tests need one: it keeps the cookie, follows redirects, sends forms with what stands in them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use regex::Regex;
use reqwest::Client;
use reqwest::redirect::Policy;

use crate::harness::hooks::Served;

/// A page as it came.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    /// Where it was found, after redirects.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

/// Somebody at the console.
pub(crate) struct Browser {
    client: Client,
    base: String,
    cookie: Option<String>,
}

impl Browser {
    /// Nobody yet.
    pub(crate) fn new(served: &Served) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build();
        Self {
            client: client.expect("a client can be made"),
            base: format!("http://{}", served.admin),
            cookie: None,
        }
    }

    /// With a session.
    pub(crate) async fn logged_in(served: &Served) -> Self {
        Self::logged_in_with(served, &served.token).await
    }

    /// With a session of whoever has this token.
    pub(crate) async fn logged_in_with(served: &Served, token: &str) -> Self {
        let mut browser = Self::new(served);
        let page = browser.get(&format!("/login?token={token}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert_eq!(page.path, "/");
        browser
    }

    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    /// A page, after redirects.
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let page = self.send("GET", path, None).await;
        self.follow(page).await
    }

    /// Sends fields, and shows where that leads.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post_only(path, fields).await;
        self.follow(page).await
    }

    /// The answer to a form, redirects not followed.
    pub(crate) async fn post_only(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.send("POST", path, Some(form.finish())).await
    }

    /// Presses the button of the form on `page` that leads to `action` and holds each of `holds`, with other values in
    /// `with`.
    pub(crate) async fn press(
        &mut self,
        page: &Page,
        action: &str,
        holds: &[(&str, &str)],
        with: &[(&str, &str)],
    ) -> Page {
        let form = page
            .forms()
            .into_iter()
            .filter(|form| form.action == action)
            .find(|form| {
                holds.iter().all(|(name, value)| {
                    let mut fields = form.fields.iter();
                    fields.any(|(known, held)| known == name && held == value)
                })
            });
        let form =
            form.unwrap_or_else(|| panic!("no form to {action} with {holds:?} in {}", page.text));
        let mut fields = form.fields.clone();
        for (name, value) in with {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.post(action, &fields).await
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..5 {
            let Some(to) = page.headers.get("location").cloned() else {
                return page;
            };
            page = self.send("GET", &to, None).await;
        }
        panic!("redirects without end at {}", page.path)
    }

    async fn send(&mut self, method: &str, path: &str, form: Option<String>) -> Page {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(form) = form {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        let reply = request.send().await.expect("the console answers");
        let headers: BTreeMap<String, String> = reply
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        if let Some(set) = headers.get("set-cookie") {
            let pair = set.split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        Page {
            status: StatusCode::from_u16(reply.status().as_u16()).unwrap(),
            path: path.to_owned(),
            headers,
            text: reply.text().await.expect("a page is text"),
        }
    }
}

/// A form with what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Page {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}: {}", self.path, self.text);
        self
    }

    /// Every form that is sent by POST.
    pub(crate) fn forms(&self) -> Vec<Form> {
        let form = Regex::new(r"(?s)<form([^>]*)>(.*?)</form>").unwrap();
        form.captures_iter(&self.text)
            .filter(|found| found[1].contains("method=\"post\""))
            .map(|found| Form {
                action: attribute(&found[1], "action").unwrap_or_default(),
                fields: fields(&found[2]),
            })
            .collect()
    }

    /// The token of its session's forms.
    pub(crate) fn csrf(&self) -> String {
        let forms = self.forms();
        let mut fields = forms.iter().flat_map(|form| &form.fields);
        let found = fields.find(|(name, _)| name == "csrf");
        found.expect("every page has a form").1.clone()
    }

    /// The page as people read it: without tags, white space as one blank.
    pub(crate) fn words(&self) -> String {
        let tags = Regex::new(r"<[^>]*>").unwrap();
        let text = tags.replace_all(&self.text, " ");
        let text = text
            .replace("&#x27;", "'")
            .replace("&quot;", "\"")
            .replace("&#x2f;", "/")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub(crate) fn says(&self, what: &str) -> &Self {
        let words = self.words();
        assert!(
            words.contains(what),
            "{} does not say `{what}`: {words}",
            self.path
        );
        self
    }
}

/// What would be sent of a form: what is typed, chosen and ticked.
fn fields(form: &str) -> Vec<(String, String)> {
    let input = Regex::new(
        r"(?s)<input([^>]*)>|<select([^>]*)>(.*?)</select>|<textarea([^>]*)>(.*?)</textarea>",
    )
    .unwrap();
    let option = Regex::new(r"(?s)<option([^>]*)>(.*?)</option>").unwrap();
    let mut found = Vec::new();
    for tag in input.captures_iter(form) {
        if let Some(attributes) = tag.get(1).map(|tag| tag.as_str()) {
            let kind = attribute(attributes, "type").unwrap_or_default();
            let is_ticked = ["checkbox", "radio"].contains(&kind.as_str());
            let is_left_out = is_ticked && !attributes.contains(" checked");
            let usual = if is_ticked { "on" } else { "" };
            if let (Some(name), false) = (attribute(attributes, "name"), is_left_out) {
                found.push((
                    name,
                    attribute(attributes, "value").unwrap_or_else(|| usual.to_owned()),
                ));
            }
        } else if let Some(attributes) = tag.get(2).map(|tag| tag.as_str()) {
            let options: Vec<(String, bool)> = option
                .captures_iter(&tag[3])
                .map(|option| {
                    let value =
                        attribute(&option[1], "value").unwrap_or_else(|| option[2].to_owned());
                    (value, option[1].contains(" selected"))
                })
                .collect();
            let chosen = options
                .iter()
                .find(|(_, chosen)| *chosen)
                .or(options.first());
            if let (Some(name), Some((value, _))) = (attribute(attributes, "name"), chosen) {
                found.push((name, value.clone()));
            }
        } else if let Some(attributes) = tag.get(4).map(|tag| tag.as_str())
            && let Some(name) = attribute(attributes, "name")
        {
            found.push((name, plain(&tag[5])));
        }
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let found = Regex::new(&format!(r#"(?:^|\s){name}="([^"]*)""#)).unwrap();
    Some(plain(&found.captures(tag)?[1]))
}

/// A text of a page without the marks that keep it from being markup.
pub(crate) fn plain(text: &str) -> String {
    text.replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

impl Browser {
    /// Asks for the changes of a page.
    pub(crate) async fn events(&self, path: &str) -> reqwest::Response {
        let mut request = self.client.get(format!("{}{path}", self.base));
        request = request.header("accept", "text/event-stream");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request.send().await.expect("the console answers")
    }

    /// The first change that is told of.
    pub(crate) async fn first_change(&mut self, path: &str) -> String {
        let mut events = self.events(path).await;
        assert_eq!(events.headers()["content-type"], "text/event-stream");
        let mut told = String::new();
        while !told.contains("\n\n") {
            let piece = events.chunk().await.expect("the stream goes on");
            let piece = piece.expect("the stream has not ended");
            told.push_str(std::str::from_utf8(&piece).expect("events are text"));
        }
        told
    }
}
