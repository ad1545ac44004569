//! The scans against a model of a source whose rows come, change and go while they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use url::Url;

use super::*;
use crate::engine::record::RecordKey;

const SIZE: u32 = 10;

/// A row of the source.
#[derive(Clone, Copy, Debug)]
struct Stored {
    at: i64,
    version: u64,
}

/// What happens to the source before a page is read.
#[derive(Clone, Copy, Debug)]
enum Event {
    Insert,
    Change(usize),
    Remove(usize),
    /// A row that gets an instant of the past: visible late.
    Late(i64),
}

#[derive(Clone, Debug)]
struct Source {
    rows: BTreeMap<u64, Stored>,
    now: i64,
    next_id: u64,
    removed: BTreeSet<u64>,
    served: u32,
}

const BASE: i64 = 17_760_000_000_000_000;

impl Source {
    /// Rows on the given instants, in ticks after the base.
    fn with(instants: impl IntoIterator<Item = i64>) -> Self {
        let rows: BTreeMap<u64, Stored> = instants
            .into_iter()
            .zip(1..)
            .map(|(at, id)| {
                (
                    id,
                    Stored {
                        at: BASE + at,
                        version: 1,
                    },
                )
            })
            .collect();
        let now = rows.values().map(|row| row.at).max().unwrap_or(BASE) + 1;
        let next_id = rows.len() as u64 + 1;
        Self {
            rows,
            now,
            next_id,
            removed: BTreeSet::new(),
            served: 0,
        }
    }

    fn apply(&mut self, event: Event) {
        self.now += 10;
        let pick = |index: usize, rows: &BTreeMap<u64, Stored>| {
            rows.keys().nth(index % rows.len().max(1)).copied()
        };
        match event {
            Event::Insert => self.insert(self.now),
            Event::Late(before) => self.insert(self.now - before),
            Event::Change(index) => {
                if let Some(id) = pick(index, &self.rows) {
                    let row = self.rows.get_mut(&id).unwrap();
                    *row = Stored {
                        at: self.now,
                        version: row.version + 1,
                    };
                }
            }
            Event::Remove(index) => {
                if let Some(id) = pick(index, &self.rows) {
                    self.rows.remove(&id);
                    self.removed.insert(id);
                }
            }
        }
    }

    fn insert(&mut self, at: i64) {
        self.rows.insert(self.next_id, Stored { at, version: 1 });
        self.next_id += 1;
    }

    /// By instant, then id.
    fn ordered(&self) -> Vec<(u64, Stored)> {
        let mut rows: Vec<_> = self.rows.iter().map(|(id, row)| (*id, *row)).collect();
        rows.sort_by_key(|(id, row)| (row.at, *id));
        rows
    }

    fn page(&self, rows: impl IntoIterator<Item = (u64, Stored)>, facts: ReplyFacts) -> Page {
        let rows = rows
            .into_iter()
            .map(|(id, row)| {
                let at = CursorValue::from(Timestamp::from_ticks(row.at));
                Row {
                    key: RecordKey::from(id.to_string()),
                    cursor: Some(at),
                    tie: Some(Tie::from(id.to_string().as_str())),
                    content: row.version,
                }
            })
            .collect();
        Page {
            rows,
            facts,
            asked: Timestamp::from_ticks(self.now),
        }
    }
}

/// How a source answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Exact,
    Stepping,
    Offset,
    Numbered,
    Next,
    Token,
}

fn param(request: &PageRequest, name: &str) -> Option<usize> {
    request
        .query
        .iter()
        .find(|(param, _)| &**param == name)
        .map(|(_, value)| value.parse().unwrap())
}

fn asked(request: &PageRequest) -> i64 {
    request.value.as_ref().unwrap().instant().unwrap().ticks()
}

impl Api {
    fn style(self, max_pages: u32) -> Style {
        let keyset = |offset_param: Option<&str>| {
            Style::Keyset(KeysetStyle {
                size: SIZE,
                size_param: None,
                offset_param: offset_param.map(Arc::from),
                max_pages,
            })
        };
        match self {
            Api::Exact => keyset(None),
            Api::Stepping => keyset(Some("skip")),
            Api::Offset => Style::Offset(OffsetStyle {
                param: "skip".into(),
                size: SIZE,
                size_param: None,
                max_pages,
            }),
            Api::Numbered => Style::Numbered(NumberedStyle {
                param: "page".into(),
                first: 1,
                size: SIZE,
                size_param: None,
                max_pages,
            }),
            Api::Next => Style::Next {
                rules: link_rules(),
                max_pages,
            },
            Api::Token => Style::Token(TokenStyle {
                param: "from".into(),
                from: None,
                keep: true,
                idle: Some(Duration::from_secs(300)),
                max_pages,
            }),
        }
    }

    fn serve(self, source: &mut Source, request: &PageRequest) -> Page {
        source.served += 1;
        let size = SIZE as usize;
        let all = source.ordered();
        match self {
            Api::Exact => {
                let (value, tie) = (asked(request), request.tie.as_ref().unwrap());
                let after = (value, tie.as_str().parse::<u64>().unwrap());
                let rows = all
                    .into_iter()
                    .filter(|(id, row)| (row.at, *id) > after)
                    .take(size);
                source.page(rows, ReplyFacts::default())
            }
            Api::Stepping => {
                let value = asked(request);
                let skip = param(request, "skip").unwrap_or(0);
                let rows = all
                    .into_iter()
                    .filter(|(_, row)| row.at >= value)
                    .skip(skip)
                    .take(size);
                source.page(rows, ReplyFacts::default())
            }
            Api::Offset => {
                let skip = param(request, "skip").unwrap_or(0);
                source.page(all.into_iter().skip(skip).take(size), ReplyFacts::default())
            }
            Api::Numbered => {
                let number = request.number.as_ref().unwrap().number as usize;
                let skip = (number - 1) * size;
                source.page(all.into_iter().skip(skip).take(size), ReplyFacts::default())
            }
            Api::Next => {
                let query = request
                    .url
                    .as_ref()
                    .and_then(Url::query)
                    .unwrap_or("skip=0");
                let skip: usize = query.strip_prefix("skip=").unwrap().parse().unwrap();
                let next = (skip + size < all.len())
                    .then(|| format!("http://api.example/rows?skip={}", skip + size));
                let facts = ReplyFacts { more: None, next };
                source.page(all.into_iter().skip(skip).take(size), facts)
            }
            Api::Token => {
                let from = request.query.first().map_or((0, 0), |(_, token)| {
                    let (at, id) = token.split_once('-').unwrap();
                    (at.parse().unwrap(), id.parse().unwrap())
                });
                let rows: Vec<_> = all
                    .into_iter()
                    .filter(|(id, row)| (row.at, *id) > from)
                    .collect();
                let more = rows.len() > size;
                let rows: Vec<_> = rows.into_iter().take(size).collect();
                let last = rows.last().map_or(from, |(id, row)| (row.at, *id));
                let next = Some(format!("{}-{}", last.0, last.1));
                source.page(
                    rows,
                    ReplyFacts {
                        more: Some(more),
                        next,
                    },
                )
            }
        }
    }
}

fn link_rules() -> LinkRules {
    LinkRules {
        base: Url::parse("https://api.example/").unwrap(),
        credential: None,
    }
}

fn start(api: Api, max_pages: u32) -> ScanStart {
    let rules = CursorRules {
        seeks_by_tie: api == Api::Exact,
        precision: None,
    };
    let lower = CursorValue::from(Timestamp::from_ticks(BASE));
    ScanStart {
        style: api.style(max_pages),
        cursor: Some((rules, lower)),
        watermark: None,
        position: None,
        started: Timestamp::from_ticks(BASE + 1_000_000_000_000),
        purpose: Purpose::Poll,
    }
}

/// What a whole scan brought.
struct Outcome {
    seen: BTreeSet<String>,
    watermark: Option<Mark>,
    pages: u32,
}

/// Reads to the end, with `events` before each page and a restart after each page in `kills`.
fn read(
    api: Api,
    source: &mut Source,
    events: &[Vec<Event>],
    kills: &[u32],
) -> Result<Outcome, PagingError> {
    let mut scan = Scan::start(start(api, 5_000))?;
    let mut outcome = Outcome {
        seen: BTreeSet::new(),
        watermark: None,
        pages: 0,
    };
    loop {
        for event in events.get(outcome.pages as usize).into_iter().flatten() {
            source.apply(*event);
        }
        let request = scan.next()?;
        let page = api.serve(source, &request);
        let verdict = scan.accept(&page)?;
        outcome.pages += 1;
        outcome
            .seen
            .extend(page.rows.iter().map(|row| row.key.as_str().to_owned()));
        if let Some(mark) = verdict.watermark {
            outcome.watermark = Some(mark);
        }
        match verdict.then {
            Then::Finished { .. } => return Ok(outcome),
            Then::Again if kills.contains(&outcome.pages) => {
                let watermark = outcome
                    .watermark
                    .as_ref()
                    .map(|mark| Arc::clone(&mark.text));
                scan = Scan::start(ScanStart {
                    position: Some(verdict.position),
                    watermark,
                    ..start(api, 5_000)
                })?;
            }
            Then::Again => {}
        }
    }
}

fn missed(source: &Source, initial: u64, seen: &BTreeSet<String>) -> Vec<u64> {
    (1..=initial)
        .filter(|id| !source.removed.contains(id) && !seen.contains(&id.to_string()))
        .collect()
}

const ALL: [Api; 6] = [
    Api::Exact,
    Api::Stepping,
    Api::Offset,
    Api::Numbered,
    Api::Next,
    Api::Token,
];

#[test]
fn a_quiet_source_is_read_whole_by_every_style() {
    for api in ALL {
        for count in [0_i64, 1, 9, 10, 11, 20, 57] {
            let mut source = Source::with(0..count);
            let outcome = read(api, &mut source, &[], &[]).unwrap();
            let count = usize::try_from(count).unwrap();
            assert_eq!(outcome.seen.len(), count, "{api:?} of {count}");
        }
    }
}

#[test]
fn a_tie_longer_than_a_page_is_read_whole() {
    for api in ALL {
        let mut source = Source::with((0..130).map(|n| if (5..125).contains(&n) { 5 } else { n }));
        let outcome = read(api, &mut source, &[], &[]).unwrap();
        assert_eq!(outcome.seen.len(), 130, "{api:?}");
    }
}

/// History 4: while a tie of 120 rows is read, one of its rows changes before every page.
#[test]
fn a_tie_whose_rows_move_is_read_whole() {
    for api in ALL {
        for seed in 0..200_usize {
            let mut source = Source::with((0..125).map(|n| if n < 120 { 0 } else { n }));
            let events: Vec<Vec<Event>> = (0..60)
                .map(|page| vec![Event::Change((seed * 31 + page * 17) % 125)])
                .collect();
            let outcome = read(api, &mut source, &events, &[]).unwrap();
            assert_eq!(
                missed(&source, 125, &outcome.seen),
                Vec::<u64>::new(),
                "{api:?} {seed}"
            );
        }
    }
}

#[test]
fn a_late_row_is_found_by_the_overlap_or_by_the_sweep() {
    const MINUTE: i64 = 60 * 10_000_000;
    for (late, found_by_overlap) in [(4 * MINUTE, true), (7 * MINUTE, false)] {
        let mut source = Source::with((0..30).map(|n| n * MINUTE));
        let outcome = read(Api::Stepping, &mut source, &[], &[]).unwrap();
        let watermark = outcome.watermark.unwrap().text;
        source.apply(Event::Late(late));
        let value = CursorValue::parse(&watermark).unwrap();
        let overlap = Overlap::new(Duration::from_secs(300), Duration::ZERO);
        let passes = [
            (overlap.lower(&value), Purpose::Poll),
            (
                value.minus(Duration::from_secs(86_400)),
                Purpose::Sweep {
                    until: Some(value.clone()),
                },
            ),
        ];
        let found = passes.map(|(lower, purpose)| {
            let mut scan = Scan::start(ScanStart {
                cursor: Some((CursorRules::default(), lower)),
                watermark: Some(watermark.clone()),
                purpose: purpose.clone(),
                ..start(Api::Stepping, 100)
            })
            .unwrap();
            let mut found = false;
            loop {
                let page = Api::Stepping.serve(&mut source, &scan.next().unwrap());
                found |= page.rows.iter().any(|row| row.key.as_str() == "31");
                let verdict = scan.accept(&page).unwrap();
                if purpose != Purpose::Poll {
                    assert_eq!(verdict.watermark, None, "a sweep moves nothing");
                }
                if verdict.then != Then::Again {
                    return found;
                }
            }
        });
        assert_eq!(found, [found_by_overlap, true]);
    }
}

#[test]
fn a_restart_after_any_page_misses_nothing() {
    for api in ALL {
        for kill in 1..6 {
            let mut source = Source::with((0..64).map(|n| if n < 30 { 3 } else { n }));
            let events = vec![vec![Event::Change(2), Event::Remove(9)]; 8];
            let outcome = read(api, &mut source, &events, &[kill, kill + 2]).unwrap();
            assert_eq!(
                missed(&source, 64, &outcome.seen),
                Vec::<u64>::new(),
                "{api:?} {kill}"
            );
        }
    }
}

#[test]
fn a_source_that_repeats_a_page_for_ever_ends_with_an_error() {
    for api in [Api::Exact, Api::Stepping, Api::Offset, Api::Numbered] {
        let mut source = Source::with(0..50);
        let mut scan = Scan::start(start(api, 5_000)).unwrap();
        let first = api.serve(&mut source, &scan.next().unwrap());
        let error = (0..10).find_map(|_| {
            let asked = scan.next();
            asked.and_then(|_| scan.accept(&first)).err()
        });
        assert_eq!(error.unwrap().name(), "page-repeats", "{api:?}");
    }
}

#[test]
fn one_repeated_page_costs_one_request() {
    for api in [Api::Offset, Api::Numbered, Api::Stepping] {
        let mut source = Source::with((0..50).map(|n| if api == Api::Stepping { 7 } else { n }));
        let mut scan = Scan::start(start(api, 5_000)).unwrap();
        let mut seen = BTreeSet::new();
        let first = api.serve(&mut source, &scan.next().unwrap());
        scan.accept(&first).unwrap();
        assert_eq!(scan.accept(&first).unwrap().then, Then::Again);
        loop {
            let page = api.serve(&mut source, &scan.next().unwrap());
            seen.extend(page.rows.iter().map(|row| row.key.clone()));
            if scan.accept(&page).unwrap().then != Then::Again {
                break;
            }
        }
        seen.extend(first.rows.iter().map(|row| row.key.clone()));
        assert_eq!(seen.len(), 50, "{api:?}");
    }
}

#[test]
fn endless_pages_end_at_the_cap() {
    let mut scan = Scan::start(start(Api::Token, 20)).unwrap();
    let mut source = Source::with([]);
    for n in 0..20 {
        let request = scan.next().unwrap();
        source.apply(Event::Insert);
        let mut page = Api::Token.serve(&mut source, &request);
        page.facts = ReplyFacts {
            more: Some(true),
            next: Some(format!("0-{n}")),
        };
        assert_eq!(scan.accept(&page).unwrap().then, Then::Again);
    }
    assert_eq!(scan.next(), Err(PagingError::PageCap { pages: 20 }));
    assert_eq!(
        PagingError::PageCap { pages: 20 }.to_string(),
        "page-cap: 20 pages were read without an end; raise `max_pages`, or find out why the list has none"
    );
}

fn next_page(scan: &mut Scan, next: &str, n: i64) -> Result<Verdict, PagingError> {
    let facts = ReplyFacts {
        more: None,
        next: Some(next.to_owned()),
    };
    let row = (
        u64::try_from(n).unwrap(),
        Stored {
            at: BASE + n,
            version: 1,
        },
    );
    scan.next()?;
    scan.accept(&Source::with([]).page([row], facts))
}

#[test]
fn a_next_link_must_lead_on_and_stay_with_the_api() {
    let scan = || Scan::start(start(Api::Next, 100)).unwrap();
    let mut looping = scan();
    next_page(&mut looping, "/rows?skip=50", 1).unwrap();
    next_page(&mut looping, "/rows?skip=100", 2).unwrap();
    assert_eq!(
        next_page(&mut looping, "http://api.example/rows?skip=50", 3)
            .unwrap_err()
            .to_string(),
        "next-link-loop: the next link of page 3 leads back to a page that was read: https://api.example/rows"
    );
    let mut itself = scan();
    next_page(&mut itself, "/rows?skip=50", 1).unwrap();
    assert_eq!(
        next_page(&mut itself, "/rows?skip=50", 2)
            .unwrap_err()
            .name(),
        "next-link-loop"
    );
    for foreign in [
        "https://evil.example/rows?token=x",
        "https://api.example:8443/rows",
        "ftp://api.example/rows",
    ] {
        let error = next_page(&mut scan(), foreign, 1).unwrap_err();
        assert_eq!(error.name(), "next-link-foreign", "{foreign}");
        assert!(!error.to_string().contains("token="), "{error}");
    }
    assert_eq!(
        next_page(&mut scan(), "https://evil.example/rows", 1)
            .unwrap_err()
            .to_string(),
        "next-link-foreign: the next link of page 1 leads to https://evil.example/rows, which is not the API at https://api.example; it was not followed"
    );
    assert_eq!(
        next_page(&mut scan(), "http://[", 1).unwrap_err().name(),
        "next-link-unreadable"
    );
}

#[test]
fn a_link_keeps_our_origin_and_loses_the_credential() {
    let mut scan = Scan::start(ScanStart {
        style: Style::Next {
            rules: LinkRules {
                credential: Some("key".into()),
                ..link_rules()
            },
            max_pages: 10,
        },
        ..start(Api::Next, 10)
    })
    .unwrap();
    let link = "http://user:pw@api.example/rows?$filter=a%20b&key=s3cret&$skip=50#x";
    next_page(&mut scan, link, 1).unwrap();
    assert_eq!(
        scan.next().unwrap().url.unwrap().as_str(),
        "https://api.example/rows?$filter=a%20b&$skip=50"
    );
}

#[test]
fn a_keyset_demands_order_bound_cursor_and_a_way_through_ties() {
    let page = |source: &Source, rows: &[(u64, i64)]| {
        let rows = rows.iter().map(|(id, at)| {
            (
                *id,
                Stored {
                    at: BASE + at,
                    version: 1,
                },
            )
        });
        source.page(rows.collect::<Vec<_>>(), ReplyFacts::default())
    };
    let source = Source::with([]);
    let scan = || Scan::start(start(Api::Stepping, 10)).unwrap();
    let error = scan()
        .accept(&page(&source, &[(1, 50), (2, 40)]))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "order-violated: row 2 has cursor value 2026-04-12T13:20:00.000004Z after 2026-04-12T13:20:00.000005Z; a keyset needs rows in ascending order, so ask for it in the request"
    );
    let error = scan()
        .accept(&page(&source, &[(1, -20_000_000)]))
        .unwrap_err();
    assert_eq!(error.name(), "bound-ignored");
    let mut full = page(&source, &(1..=10).map(|id| (id, 5)).collect::<Vec<_>>());
    let mut no_step = Scan::start(ScanStart {
        style: Api::Exact.style(10),
        ..start(Api::Stepping, 10)
    })
    .unwrap();
    no_step.accept(&full).unwrap();
    assert_eq!(no_step.accept(&full).unwrap_err().name(), "tie-too-long");
    for row in &mut full.rows {
        row.cursor = None;
    }
    let mut exact = Scan::start(start(Api::Exact, 10)).unwrap();
    assert_eq!(exact.accept(&full).unwrap_err().name(), "cursor-missing");
}

#[test]
fn the_watermark_is_never_ahead_of_the_request_and_never_goes_back() {
    let second = 10_000_000;
    let mut source = Source::with([second, 2 * second, 900 * second]);
    source.now = BASE + 10 * second;
    let mut scan = Scan::start(start(Api::Exact, 10)).unwrap();
    let page = Api::Exact.serve(&mut source, &scan.next().unwrap());
    let mark = scan.accept(&page).unwrap().watermark.unwrap();
    assert_eq!(mark.at.unwrap().ticks(), BASE + 2 * second);
    let mut later = Scan::start(ScanStart {
        watermark: Some(mark.text),
        ..start(Api::Exact, 10)
    })
    .unwrap();
    let page = Api::Exact.serve(&mut source, &later.next().unwrap());
    assert_eq!(later.accept(&page).unwrap().watermark, None);
}

#[test]
fn the_watermark_of_an_unordered_list_waits_for_the_end() {
    let mut source = Source::with(0..25);
    let mut scan = Scan::start(start(Api::Offset, 50)).unwrap();
    let mut marks = Vec::new();
    loop {
        let page = Api::Offset.serve(&mut source, &scan.next().unwrap());
        let verdict = scan.accept(&page).unwrap();
        marks.push(verdict.watermark.is_some());
        if verdict.then != Then::Again {
            break;
        }
    }
    assert_eq!(marks, [false, false, true]);
}

#[test]
fn a_feed_keeps_its_token_and_rests() {
    let mut source = Source::with(0..25);
    let mut scan = Scan::start(start(Api::Token, 50)).unwrap();
    let page = Api::Token.serve(&mut source, &scan.next().unwrap());
    let first = scan.accept(&page).unwrap();
    let token = first.watermark.clone().unwrap();
    assert_eq!(first.position.place.page.as_deref(), Some(&*token.text));
    let mut scan = Scan::start(ScanStart {
        watermark: Some(token.text),
        ..start(Api::Token, 50)
    })
    .unwrap();
    for expected in [
        Then::Again,
        Then::Finished {
            rest: Some(Duration::from_secs(300)),
        },
    ] {
        let page = Api::Token.serve(&mut source, &scan.next().unwrap());
        assert_eq!(scan.accept(&page).unwrap().then, expected);
    }
    let mut stuck = Page {
        facts: ReplyFacts {
            more: Some(true),
            next: None,
        },
        ..page
    };
    assert_eq!(scan.accept(&stuck).unwrap_err().name(), "token-missing");
    stuck.facts.next = scan.position().place.page;
    assert_eq!(scan.accept(&stuck).unwrap_err().name(), "page-repeats");
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Insert),
        3 => any::<usize>().prop_map(Event::Change),
        1 => any::<usize>().prop_map(Event::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every row that is there throughout is read, whatever happens between pages, in every style.
    #[test]
    fn nothing_is_missed(
        ties in prop::collection::vec(0_i64..6, 1..80),
        events in prop::collection::vec(prop::collection::vec(event(), 0..3), 0..30),
        kills in prop::collection::vec(1_u32..12, 0..2),
    ) {
        let mut instants = ties;
        instants.sort_unstable();
        let initial = instants.len() as u64;
        for api in ALL {
            let mut source = Source::with(instants.iter().copied());
            let outcome = read(api, &mut source, &events, &kills).unwrap();
            let missed = missed(&source, initial, &outcome.seen);
            prop_assert!(missed.is_empty(), "{api:?} missed {missed:?}");
        }
    }

    /// A second scan from the watermark finds what changed during and after the first one.
    #[test]
    fn the_next_scan_goes_on_where_the_watermark_stands(
        count in 1_i64..60,
        events in prop::collection::vec(prop::collection::vec(event(), 0..3), 0..12),
    ) {
        for api in [Api::Exact, Api::Stepping] {
            let mut source = Source::with(0..count);
            let first = read(api, &mut source, &events, &[]).unwrap();
            source.apply(Event::Insert);
            source.apply(Event::Change(3));
            let watermark = first.watermark.map(|mark| mark.text);
            let lower = watermark.as_deref().and_then(CursorValue::parse);
            let mut begin = start(api, 1000);
            begin.cursor = begin.cursor.map(|(rules, start)| (rules, lower.unwrap_or(start)));
            begin.watermark = watermark;
            let mut scan = Scan::start(begin).unwrap();
            let mut versions: BTreeMap<String, u64> = BTreeMap::new();
            loop {
                let page = api.serve(&mut source, &scan.next().unwrap());
                versions.extend(page.rows.iter().map(|row| (row.key.as_str().to_owned(), row.content)));
                if scan.accept(&page).unwrap().then != Then::Again {
                    break;
                }
            }
            let last = source.ordered().last().copied().unwrap();
            prop_assert_eq!(versions.get(&last.0.to_string()), Some(&last.1.version));
        }
    }
}
