//! The list envelope and the parameters that every list takes (reference section 3).

use serde::Serialize;

use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::table::Row;
use super::value::{Active, Id, Instant};

/// One page (`PaginatedResponse`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<V> {
    #[serde(rename = "page")]
    number: usize,
    #[serde(rename = "pageSize")]
    size: usize,
    has_more: bool,
    total_count: Option<usize>,
    pub(crate) data: Vec<V>,
}

impl<V> Page<V> {
    /// The same page with every row shown another way.
    pub(crate) fn map<W>(self, show: impl FnMut(V) -> W) -> Page<W> {
        Page {
            number: self.number,
            size: self.size,
            has_more: self.has_more,
            total_count: self.total_count,
            data: self.data.into_iter().map(show).collect(),
        }
    }
}

/// What a list does about inactive rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ActiveRule {
    /// Takes `active`; only active rows without it.
    OnlyActive,
    /// Takes `active`; all rows without it (cancel and hold reasons).
    AllRows,
    /// Has no such parameter and shows all rows.
    NoFilter,
}

/// What a list does about `page=0`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PageZero {
    /// The first page.
    First,
    /// 400 (lists of custom field types).
    Refused,
}

/// A field that a list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortField {
    Id,
    CreatedOn,
    ModifiedOn,
    Name,
    Priority,
}

impl SortField {
    const fn name(self) -> &'static str {
        match self {
            Self::Id => "Id",
            Self::CreatedOn => "CreatedOn",
            Self::ModifiedOn => "ModifiedOn",
            Self::Name => "Name",
            Self::Priority => "Priority",
        }
    }

    fn compare<R: Row>(self, a: &R, b: &R) -> std::cmp::Ordering {
        match self {
            Self::Id => a.id().cmp(&b.id()),
            Self::CreatedOn => a.created_on().cmp(&b.created_on()),
            Self::ModifiedOn => a.modified_on().cmp(&b.modified_on()),
            Self::Name => a.sort_name().cmp(&b.sort_name()),
            Self::Priority => a.sort_priority().cmp(&b.sort_priority()),
        }
    }
}

/// Whether a list takes `ids`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lookup {
    /// At most 50.
    ByIds,
    /// The parameter is not known, so it is ignored.
    NoIds,
}

/// How one list differs from the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListRules {
    pub(crate) active: ActiveRule,
    pub(crate) sort: &'static [SortField],
    pub(crate) page_zero: PageZero,
    pub(crate) lookup: Lookup,
}

impl ListRules {
    /// Sorted by id, creation or change.
    pub(crate) const fn new(active: ActiveRule) -> Self {
        let sort = &[SortField::Id, SortField::CreatedOn, SortField::ModifiedOn];
        Self {
            active,
            sort,
            page_zero: PageZero::First,
            lookup: Lookup::ByIds,
        }
    }

    /// Without `ids`.
    pub(crate) const fn without_ids(self) -> Self {
        Self {
            lookup: Lookup::NoIds,
            ..self
        }
    }

    /// Sorted by these fields.
    pub(crate) const fn sorted_by(self, sort: &'static [SortField]) -> Self {
        Self { sort, ..self }
    }
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    Up,
    Down,
}

/// The parameters every list takes.
#[derive(Debug)]
pub(crate) struct List {
    page: usize,
    size: usize,
    with_total: bool,
    active: Active,
    ids: Option<Vec<Id>>,
    created: Window,
    modified: Window,
    sort: Option<(SortField, Direction)>,
    newest: Option<Instant>,
}

/// From inclusive, to exclusive.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) from: Option<Instant>,
    pub(crate) before: Option<Instant>,
}

impl Window {
    pub(crate) fn read(params: &Params<'_>, from: &str, before: &str, problems: &Problems) -> Self {
        Self {
            from: params.read(from, problems),
            before: params.read(before, problems),
        }
    }

    pub(crate) fn holds(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| at >= from) && self.before.is_none_or(|before| at < before)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.from.is_none() && self.before.is_none()
    }
}

/// Page size when none is asked for.
const PAGE_SIZE: usize = 50;
/// Most ids in one lookup.
const MOST_IDS: usize = 50;

impl List {
    /// Reads the parameters. `newest` hides rows created after it (reads that lag).
    pub(crate) fn read(
        params: &Params<'_>,
        rules: ListRules,
        newest: Option<Instant>,
        problems: &Problems,
    ) -> Self {
        let default = match rules.active {
            ActiveRule::OnlyActive => Active::True,
            ActiveRule::AllRows | ActiveRule::NoFilter => Active::Any,
        };
        let asked = match rules.active {
            ActiveRule::OnlyActive | ActiveRule::AllRows => params.read("active", problems),
            ActiveRule::NoFilter => None,
        };
        let ids: Option<Vec<Id>> = match rules.lookup {
            Lookup::ByIds => params.read("ids", problems),
            Lookup::NoIds => None,
        };
        if ids.as_ref().is_some_and(|ids| ids.len() > MOST_IDS) {
            problems.add("ids", "At most 50 ids can be looked up.");
        }
        Self {
            page: page(params, rules.page_zero, problems),
            size: size(params, problems),
            with_total: params.read("includeTotal", problems).unwrap_or(false),
            active: asked.unwrap_or(default),
            ids,
            created: Window::read(params, "createdOnOrAfter", "createdBefore", problems),
            modified: Window::read(params, "modifiedOnOrAfter", "modifiedBefore", problems),
            sort: sort(params, rules.sort, problems),
            newest,
        }
    }

    /// Reads `orderBy` and `orderByDirection`, which one list takes in place of `sort`.
    pub(crate) fn order_by(&mut self, params: &Params<'_>, problems: &Problems) {
        let Some(name) = params.text("orderBy") else {
            return;
        };
        let direction = match params
            .text("orderByDirection")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("asc" | "ascending") => Direction::Up,
            Some("desc" | "descending") => Direction::Down,
            Some(other) => {
                problems.add("orderByDirection", format!("'{other}' is no direction."));
                Direction::Up
            }
        };
        let fields = [SortField::Id, SortField::CreatedOn, SortField::ModifiedOn];
        match fields
            .into_iter()
            .find(|field| field.name().eq_ignore_ascii_case(name))
        {
            Some(field) => self.sort = Some((field, direction)),
            None => problems.add(
                "orderBy",
                format!("This list cannot be sorted by '{name}'."),
            ),
        }
    }

    /// The ids asked for, to look rows up instead of scanning for them.
    pub(crate) fn ids(&self) -> Option<&[Id]> {
        self.ids.as_deref()
    }

    /// Cuts the page out of the candidates. They come in order of their ids, which is the order
    /// of a list without `sort`.
    pub(crate) fn cut<'a, R: Row>(&self, candidates: impl Iterator<Item = &'a R>) -> Page<&'a R> {
        let skip = (self.page - 1).saturating_mul(self.size);
        let mut rows = candidates.filter(|row| self.admits(*row));
        if self.sort.is_none() && !self.with_total {
            let mut data: Vec<&R> = rows.by_ref().skip(skip).take(self.size + 1).collect();
            let has_more = data.len() > self.size;
            data.truncate(self.size);
            return self.page_of(data, has_more, None);
        }
        let mut all: Vec<&R> = rows.collect();
        if let Some((field, direction)) = self.sort {
            all.sort_by(|a, b| match direction {
                Direction::Up => field.compare(*a, *b),
                Direction::Down => field.compare(*b, *a),
            });
        }
        let total = all.len();
        let has_more = total > skip.saturating_add(self.size);
        let data = all.into_iter().skip(skip).take(self.size).collect();
        self.page_of(data, has_more, self.with_total.then_some(total))
    }

    fn page_of<V>(&self, data: Vec<V>, has_more: bool, total_count: Option<usize>) -> Page<V> {
        Page {
            number: self.page,
            size: self.size,
            has_more,
            total_count,
            data,
        }
    }

    fn admits<R: Row>(&self, row: &R) -> bool {
        let active = match self.active {
            Active::True => row.is_active(),
            Active::False => !row.is_active(),
            Active::Any => true,
        };
        active
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&row.id()))
            && self.newest.is_none_or(|newest| row.created_on() <= newest)
            && self.created.holds(row.created_on())
            && self.modified.holds(row.modified_on())
    }
}

/// A page of rows that have no ids and no filters (notes, contacts).
pub(crate) fn plain_page<V>(params: &Params<'_>, rows: Vec<V>) -> Result<Page<V>, Refusal> {
    let problems = Problems::default();
    let page = page(params, PageZero::First, &problems);
    let size = size(params, &problems);
    let with_total: Option<bool> = params.read("includeTotal", &problems);
    problems.settle()?;
    let total = rows.len();
    let skip = (page - 1).saturating_mul(size);
    Ok(Page {
        number: page,
        size,
        has_more: total > skip.saturating_add(size),
        total_count: with_total.unwrap_or(false).then_some(total),
        data: rows.into_iter().skip(skip).take(size).collect(),
    })
}

fn page(params: &Params<'_>, zero: PageZero, problems: &Problems) -> usize {
    let asked: Option<i32> = params.read("page", problems);
    match (asked, zero) {
        (None, _) | (Some(0), PageZero::First) => 1,
        (Some(page), _) => usize::try_from(page)
            .ok()
            .filter(|page| *page > 0)
            .unwrap_or_else(|| {
                problems.add("page", "The page must be 1 or more.");
                1
            }),
    }
}

fn size(params: &Params<'_>, problems: &Problems) -> usize {
    let Some(asked) = params.read::<i32>("pageSize", problems) else {
        return PAGE_SIZE;
    };
    usize::try_from(asked)
        .ok()
        .filter(|size| *size > 0)
        .unwrap_or_else(|| {
            problems.add("pageSize", "The pageSize must be 1 or more.");
            PAGE_SIZE
        })
}

/// A plus sign that was not percent-encoded arrives as a space; both are read as ascending.
fn sort(
    params: &Params<'_>,
    fields: &[SortField],
    problems: &Problems,
) -> Option<(SortField, Direction)> {
    let text = params.text("sort")?;
    let (direction, name) = match text.strip_prefix('-') {
        Some(name) => (Direction::Down, name),
        None => (Direction::Up, text.trim_start_matches(['+', ' '])),
    };
    let field = fields
        .iter()
        .find(|field| field.name().eq_ignore_ascii_case(name));
    if field.is_none() {
        problems.add("sort", format!("This list cannot be sorted by '{name}'."));
    }
    field.map(|field| (*field, direction))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::table::row;
    use super::*;

    struct Thing {
        id: Id,
        active: bool,
        created_on: Instant,
        modified_on: Instant,
    }
    row!(Thing, active: active);

    fn at(seconds: u64) -> Instant {
        Instant::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// Rows 1 to 5; row 3 is inactive; row n was created at second n and changed at 10 - n.
    fn things() -> Vec<Thing> {
        (1..=5_u8)
            .map(|n| Thing {
                id: Id(n.into()),
                active: n != 3,
                created_on: at(n.into()),
                modified_on: at(10 - u64::from(n)),
            })
            .collect()
    }

    fn list(query: &str) -> Result<(Vec<i64>, bool, Option<usize>), Refusal> {
        let problems = Problems::default();
        let rules = ListRules::new(ActiveRule::OnlyActive);
        let list = List::read(&Params::parse(query), rules, None, &problems);
        problems.settle()?;
        let things = things();
        let page = list.cut(things.iter());
        Ok((
            page.data.iter().map(|row| row.id.0).collect(),
            page.has_more,
            page.total_count,
        ))
    }

    #[test]
    fn pages_active_rows_without_a_total() {
        assert_eq!(list("").unwrap(), (vec![1, 2, 4, 5], false, None));
        assert_eq!(list("pageSize=3").unwrap(), (vec![1, 2, 4], true, None));
        assert_eq!(list("pageSize=3&page=2").unwrap(), (vec![5], false, None));
        assert_eq!(
            list("page=0&pageSize=1&includeTotal=true").unwrap(),
            (vec![1], true, Some(4))
        );
        assert_eq!(list("active=Any").unwrap().0, [1, 2, 3, 4, 5]);
        assert_eq!(list("active=False").unwrap().0, [3]);
    }

    #[test]
    fn the_lower_bound_is_inclusive_and_the_upper_is_not() {
        let from = "createdOnOrAfter=1970-01-01T00:00:02Z";
        assert_eq!(
            list(&format!("{from}&createdBefore=1970-01-01T00:00:04Z"))
                .unwrap()
                .0,
            [2]
        );
        assert_eq!(
            list("modifiedOnOrAfter=1970-01-01T00:00:08Z").unwrap().0,
            [1, 2]
        );
    }

    #[test]
    fn sorts_by_the_listed_fields_only() {
        assert_eq!(
            list("sort=-Id&pageSize=2").unwrap(),
            (vec![5, 4], true, None)
        );
        assert_eq!(list("sort=%2BModifiedOn").unwrap().0, [5, 4, 2, 1]);
        assert_eq!(list("sort=+modifiedon").unwrap().0, [5, 4, 2, 1]);
        assert_eq!(
            list("sort=Name").unwrap_err().to_string(),
            r#"not valid: {"sort": ["This list cannot be sorted by 'Name'."]}"#
        );
    }

    #[test]
    fn ids_are_at_most_fifty_and_still_only_active() {
        assert_eq!(list("ids=5,3,1").unwrap().0, [1, 5]);
        let many = (1..=51)
            .map(|id| id.to_string())
            .collect::<Vec<_>>()
            .join(",");
        assert!(list(&format!("ids={many}")).is_err());
        assert!(list("pageSize=0").is_err());
        assert!(list("page=-1").is_err());
    }
}
