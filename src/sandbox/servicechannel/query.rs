//! Answers a list query from the indexes.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::model::{ProviderId, WorkOrder, WorkOrderId};
use super::odata::filter::{Span, order};
use super::odata::options::{Count, Direction, Options};
use super::odata::{Kind, Property as _};
use super::properties::WorkOrderProperty;
use super::settings::Window;
use super::state::State;
use crate::sandbox::kit::faults::Sight;
use crate::sandbox::kit::time::earlier;

const DAY: Duration = Duration::from_secs(86_400);

/// Who asks, when, and what is hidden from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) provider: ProviderId,
    pub(super) now: DateTime<Utc>,
    pub(super) sight: Sight,
}

impl Scope {
    /// Whether lists show this work order.
    pub(super) fn shows(&self, order: &WorkOrder) -> bool {
        order.provider == self.provider
            && order.hidden_until.is_none_or(|until| until <= self.now)
            && self
                .sight
                .read_lag
                .is_none_or(|lag| order.updated_date <= earlier(self.now, lag))
    }
}

/// One page.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) rows: Vec<&'a WorkOrder>,
    /// How many there are in all, if that was asked.
    pub(super) total: Option<usize>,
    /// Whether there are more behind this page.
    pub(super) more: bool,
}

/// One page of work orders.
pub(super) fn find<'a>(
    state: &'a State,
    options: &Options<WorkOrderProperty>,
    scope: &Scope,
    window: Window,
) -> Found<'a> {
    use WorkOrderProperty::{Id, UpdatedDate};

    let filter = options.filter.as_ref();
    let since = Since::of(options, window, scope.now);
    let fits = |order: &&'a WorkOrder| {
        let order = *order;
        scope.shows(order)
            && since.shows(order)
            && filter.is_none_or(|filter| filter.holds(&|property| property.of(order, state)))
    };
    let span = filter.map_or_else(Span::default, |filter| filter.span(UpdatedDate));
    let ids = filter.and_then(|filter| filter.only(Id));
    let ascending = Direction::Ascending;
    let descending = Direction::Descending;

    if let Some(ids) = ids {
        let named = ids
            .iter()
            .filter_map(|id| state.work_order(WorkOrderId(*id)));
        return page(
            sorted(named.filter(fits), state, options).into_iter(),
            options,
        );
    }
    match options.order.as_slice() {
        [(UpdatedDate, up)] | [(UpdatedDate, up), (Id, Direction::Ascending)]
            if *up == ascending =>
        {
            page(state.changed(span).filter(fits), options)
        }
        [(UpdatedDate, down)] | [(UpdatedDate, down), (Id, Direction::Descending)]
            if *down == descending =>
        {
            page(state.changed(span).rev().filter(fits), options)
        }
        [] | [(Id, Direction::Ascending)] if span == Span::default() => {
            page(state.work_orders().filter(fits), options)
        }
        _ => page(
            sorted(state.changed(span).filter(fits), state, options).into_iter(),
            options,
        ),
    }
}

/// The window: how old a work order may be to be listed.
struct Since {
    created: Option<DateTime<Utc>>,
    called: DateTime<Utc>,
}

impl Since {
    fn of(options: &Options<WorkOrderProperty>, window: Window, now: DateTime<Utc>) -> Self {
        let lifts = |property: WorkOrderProperty| match window {
            Window::CallDate => property == WorkOrderProperty::CallDate,
            Window::AnyDate => property.kind() == Kind::Time,
        };
        let lifted = options
            .filter
            .as_ref()
            .is_some_and(|filter| filter.mentions(&lifts));
        Self {
            created: (!lifted).then(|| earlier(now, DAY * 90)),
            called: earlier(now, DAY * 365),
        }
    }

    fn shows(&self, order: &WorkOrder) -> bool {
        order.call_date >= self.called
            && self.created.is_none_or(|since| order.created_date >= since)
    }
}

fn sorted<'a>(
    rows: impl Iterator<Item = &'a WorkOrder>,
    state: &State,
    options: &Options<WorkOrderProperty>,
) -> Vec<&'a WorkOrder> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|left, right| {
        for (property, direction) in &options.order {
            let (one, other) = (property.of(left, state), property.of(right, state));
            let by_value = order(one, other).unwrap_or_else(|| {
                let null = |value| value == super::odata::Value::Null;
                null(other).cmp(&null(one))
            });
            let by_value = match direction {
                Direction::Ascending => by_value,
                Direction::Descending => by_value.reverse(),
            };
            if by_value != Ordering::Equal {
                return by_value;
            }
        }
        left.id.cmp(&right.id)
    });
    rows
}

/// Stops reading as soon as it is known whether there are more rows, unless all are to be counted.
fn page<'a>(
    mut rows: impl Iterator<Item = &'a WorkOrder>,
    options: &Options<WorkOrderProperty>,
) -> Found<'a> {
    let skipped = rows.by_ref().take(options.skip).count();
    let shown: Vec<_> = rows.by_ref().take(options.page()).collect();
    match options.count {
        Count::NotWanted => Found {
            more: rows.next().is_some(),
            rows: shown,
            total: None,
        },
        Count::Wanted => {
            let rest = rows.count();
            Found {
                total: Some(skipped + shown.len() + rest),
                more: rest > 0,
                rows: shown,
            }
        }
    }
}
