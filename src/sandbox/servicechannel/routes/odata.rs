//! Reading by `OData`.

use std::time::Duration;

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::writes::body;
use super::{own_order, raw_json, unknown_route};
use crate::sandbox::kit::faults::Sight;
use crate::sandbox::kit::time::earlier;
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::json::{Object, write_list};
use crate::sandbox::servicechannel::model::WorkOrderId;
use crate::sandbox::servicechannel::odata;
use crate::sandbox::servicechannel::odata::filter::order;
use crate::sandbox::servicechannel::odata::options::{Direction, Options, next_query};
use crate::sandbox::servicechannel::odata::{Property, Value as Cell};
use crate::sandbox::servicechannel::properties::{
    AttachmentProperty, InvoiceProperty, LocationProperty, NoteProperty, VisitProperty,
    WorkOrderProperty,
};
use crate::sandbox::servicechannel::query::{Scope, find};
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::settings::NullMembers;
use crate::sandbox::servicechannel::wire::{self, Face};

type Pairs = Vec<(String, String)>;

const DAY: Duration = Duration::from_secs(86_400);

/// Whether a page says where the next one is.
#[derive(Clone, Copy)]
enum Links {
    /// As far as the server cut the page short.
    Given,
    /// Never: for a query in a body no form of link is documented.
    None,
}

/// `GET /odata/workorders`.
pub(super) async fn work_orders(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(sight): Extension<Sight>,
    headers: HeaderMap,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let scope = Scope {
        provider: caller.provider,
        now: world.kit().clock.now(),
        sight,
    };
    list(&world, &scope, &headers, &pairs, Links::Given)
}

/// The query of `POST /odata/workorders/filter`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct FilterRequest {
    expand: Option<String>,
    select: Option<String>,
    filter: Option<String>,
    orderby: Option<String>,
    count: Option<Value>,
    top: Option<Value>,
    skip: Option<Value>,
}

impl FilterRequest {
    fn pairs(self) -> Pairs {
        let plain = |value: Value| match value {
            Value::String(text) => text,
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => other.to_string(),
        };
        [
            ("$expand", self.expand),
            ("$select", self.select),
            ("$filter", self.filter),
            ("$orderby", self.orderby),
            ("$count", self.count.map(plain)),
            ("$top", self.top.map(plain)),
            ("$skip", self.skip.map(plain)),
        ]
        .into_iter()
        .filter_map(|(name, value)| {
            value
                .filter(|value| !value.is_empty())
                .map(|value| (name.to_owned(), value))
        })
        .collect()
    }
}

/// `POST /odata/workorders/filter`.
pub(super) async fn filter(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(sight): Extension<Sight>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let request: FilterRequest = body(&bytes)?;
    let scope = Scope {
        provider: caller.provider,
        now: world.kit().clock.now(),
        sight,
    };
    list(&world, &scope, &headers, &request.pairs(), Links::None)
}

fn list(
    world: &World,
    scope: &Scope,
    headers: &HeaderMap,
    pairs: &Pairs,
    links: Links,
) -> Result<Response, Refusal> {
    let options = Options::<WorkOrderProperty>::parse(pairs)?;
    let settings = world.settings();
    let base = base(headers, settings.next_link_base.as_deref());
    Ok(world.read_state(|rows| {
        let found = find(rows, &options, scope, settings.window);
        let mut out = Vec::with_capacity(found.rows.len() * 2_048 + 256);
        begin(&mut out, &base, "workorders", found.total);
        write_list(
            &mut out,
            found.rows.iter(),
            settings.null_members,
            options.select.as_ref(),
            |object, order| wire::work_order(object, order, rows, Face::OData(&options)),
        );
        let linked = match links {
            Links::Given => found.more && options.links(),
            Links::None => false,
        };
        let next = linked.then(|| {
            let skip = options.skip + found.rows.len();
            format!("{base}/odata/workorders?{}", next_query(pairs, skip))
        });
        end(&mut out, next.as_deref());
        raw_json(out)
    }))
}

/// `GET /odata/workorders({id})`, and the routes that are known to be broken.
pub(super) async fn by_key(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    Path(resource): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    if resource == "providers" || resource.starts_with("locations(") {
        return Err(Refusal::BrokenRoute);
    }
    let Some(id) = work_order_key(&resource) else {
        return Ok(unknown_route(uri).await);
    };
    if let Some((name, _)) = pairs
        .iter()
        .find(|(name, _)| name.starts_with('$') && !matches!(name.as_str(), "$select" | "$expand"))
    {
        return Err(odata::Error::Option(name.clone()).into());
    }
    let options = Options::<WorkOrderProperty>::parse(&pairs)?;
    let settings = world.settings();
    let context = context(
        &base(&headers, settings.next_link_base.as_deref()),
        "workorders",
    );
    world.read_state(|rows| {
        let order = own_order(rows, &caller, id)?;
        let mut out = Vec::with_capacity(3_000);
        let mut only = options.select.clone();
        if let Some(only) = &mut only {
            only.insert("@odata.context".to_owned());
        }
        Object::write(&mut out, only.as_ref(), settings.null_members, |object| {
            object.text("@odata.context", &format!("{context}/$entity"));
            wire::work_order(object, order, rows, Face::OData(&options));
        });
        Ok(raw_json(out))
    })
}

/// `GET /odata/locations`.
pub(super) async fn locations(
    State(world): State<World>,
    headers: HeaderMap,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let options = Options::<LocationProperty>::parse(&pairs)?;
    let asked = Asked::of(&world, &headers, &pairs, "locations");
    world.read_state(|rows| {
        let all = rows.locations();
        let of = |property: LocationProperty, row| property.of(row);
        Ok(asked.few(&options, all, of, |object, row| {
            wire::full_location(object, row, rows);
        }))
    })
}

/// `GET /odata/invoices`: without a posting date in the filter those of the last 90 days, and none
/// that was posted more than 365 days ago.
pub(super) async fn invoices(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let options = Options::<InvoiceProperty>::parse(&pairs)?;
    let asked = Asked::of(&world, &headers, &pairs, "invoices");
    let posted = |property: InvoiceProperty| property == InvoiceProperty::PostedDate;
    let filter = options.filter.as_ref();
    let days = if filter.is_some_and(|filter| filter.mentions(&posted)) {
        365
    } else {
        90
    };
    let since = earlier(world.kit().clock.now(), DAY * days);
    world.read_state(|rows| {
        let own = rows
            .invoices()
            .filter(|invoice| invoice.provider == caller.provider && invoice.posted >= since);
        let of = |property: InvoiceProperty, row| property.of(row);
        Ok(asked.few(&options, own, of, wire::invoice))
    })
}

/// `GET /odata/workorders({id})/notes`, `/attachments`, `/Service.CheckInActivity(…)`.
pub(super) async fn below_key(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    Path((resource, below)): Path<(String, String)>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let Some(id) = work_order_key(&resource) else {
        return Ok(unknown_route(uri).await);
    };
    let set = format!("{resource}/{below}");
    let asked = Asked::of(&world, &headers, &pairs, &set);
    match below.as_str() {
        "notes" => {
            let options = Options::<NoteProperty>::parse(&pairs)?;
            world.read_state(|rows| {
                let order = own_order(rows, &caller, id)?;
                let seen = order.notes.iter();
                let seen = seen.filter(|note| note.visible_to_providers());
                let of = |property: NoteProperty, row| property.of(row);
                Ok(asked.few(&options, seen, of, |object, note| {
                    wire::note(object, note, &order.attachments, &|file| world.link(file));
                }))
            })
        }
        "attachments" => {
            let options = Options::<AttachmentProperty>::parse(&pairs)?;
            world.read_state(|rows| {
                let files = own_order(rows, &caller, id)?.attachments.iter();
                let seen = files.filter(|file| file.visible_to_providers());
                let of = |property: AttachmentProperty, row| property.of(row);
                Ok(asked.few(&options, seen, of, |object, file| {
                    wire::attachment(object, file, &world.link(file));
                    object.text("UploadBy", &file.created_by);
                }))
            })
        }
        "Service.CheckInActivity(loadBlocked=false)" => {
            let options = Options::<VisitProperty>::parse(&pairs)?;
            world.read_state(|rows| {
                let visits = own_order(rows, &caller, id)?.visits.iter();
                let of = |property: VisitProperty, row| property.of(row);
                Ok(asked.few(&options, visits, of, wire::visit))
            })
        }
        _ => Ok(unknown_route(uri).await),
    }
}

/// The work order that `workorders(7)` names.
fn work_order_key(resource: &str) -> Option<WorkOrderId> {
    let key = resource.strip_prefix("workorders(")?.strip_suffix(')')?;
    key.parse().ok().map(WorkOrderId)
}

/// How a set of few rows was asked for: they are read through.
struct Asked<'a> {
    base: String,
    set: &'a str,
    pairs: &'a Pairs,
    nulls: NullMembers,
}

impl<'a> Asked<'a> {
    fn of(world: &World, headers: &HeaderMap, pairs: &'a Pairs, set: &'a str) -> Self {
        let settings = world.settings();
        Self {
            base: base(headers, settings.next_link_base.as_deref()),
            set,
            pairs,
            nulls: settings.null_members,
        }
    }

    /// One page of `rows`.
    fn few<'r, P: Property, T: 'r>(
        &self,
        options: &Options<P>,
        rows: impl Iterator<Item = &'r T>,
        of: impl Fn(P, &'r T) -> Cell<'r>,
        write: impl Fn(&mut Object<'_>, &'r T),
    ) -> Response {
        let filter = options.filter.as_ref();
        let fits =
            |row: &&'r T| filter.is_none_or(|filter| filter.holds(&|property| of(property, row)));
        let mut found: Vec<&'r T> = rows.filter(fits).collect();
        found.sort_by(|left, right| {
            let by_value = options.order.iter().map(|(property, direction)| {
                let by_value = order(of(*property, left), of(*property, right));
                let by_value = by_value.unwrap_or(std::cmp::Ordering::Equal);
                match direction {
                    Direction::Ascending => by_value,
                    Direction::Descending => by_value.reverse(),
                }
            });
            by_value.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let total = found.len();
        let page: Vec<&'r T> = found
            .into_iter()
            .skip(options.skip)
            .take(options.page())
            .collect();
        let counted = match options.count {
            odata::options::Count::Wanted => Some(total),
            odata::options::Count::NotWanted => None,
        };
        let (base, set) = (&self.base, self.set);
        let mut out = Vec::new();
        begin(&mut out, base, set, counted);
        let only = options.select.as_ref();
        let behind = options.skip + page.len();
        write_list(&mut out, page.into_iter(), self.nulls, only, write);
        let next = (behind < total && options.links())
            .then(|| format!("{base}/odata/{set}?{}", next_query(self.pairs, behind)));
        end(&mut out, next.as_deref());
        raw_json(out)
    }
}

/// The address links begin with. The vendor's links say `http://` although it serves `https://`.
fn base(headers: &HeaderMap, set: Option<&str>) -> String {
    let host = || {
        headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
    };
    set.map_or_else(
        || format!("http://{}/v3", host().unwrap_or("sandbox.invalid")),
        |set| set.trim_end_matches('/').to_owned(),
    )
}

fn context(base: &str, set: &str) -> String {
    format!("{base}/odata/$metadata#{set}")
}

fn begin(out: &mut Vec<u8>, base: &str, set: &str, total: Option<usize>) {
    out.extend_from_slice(b"{\"@odata.context\":");
    quoted(out, &context(base, set));
    if let Some(total) = total {
        out.extend_from_slice(format!(",\"@odata.count\":{total}").as_bytes());
    }
    out.extend_from_slice(b",\"value\":");
}

fn end(out: &mut Vec<u8>, next: Option<&str>) {
    if let Some(next) = next {
        out.extend_from_slice(b",\"@odata.nextLink\":");
        quoted(out, next);
    }
    out.push(b'}');
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text is JSON");
}
