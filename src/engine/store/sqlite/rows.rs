//! Rows of the tables as types.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use super::super::{
    AccountPause, AccountRow, Agreement, ContentHash, CursorRow, Fingerprint, Intent, LinkId,
    LinkRow, Mark, OrderRow, Phase, Position, RecordId, RecordRow, Scan, Sealed, Target, TargetId,
    TenantRow,
};
use super::fault::Fault;
use crate::engine::clock::Timestamp;
use crate::engine::record::{EngineEpoch, Seq, TenantEpoch, TenantName};

/// The columns of `record` that [`record`] reads.
macro_rules! record_columns {
    () => {
        "record.tenant, record.identity, record.pipeline, record.key, record.version, \
         record.ticks, record.seq, record.done_seq, record.dirty, record.want_version, \
         record.want_ticks, record.state, record.outcome, record.reason, record.detail, \
         record.verdict, record.due, record.attempts, record.waits_on, record.root, \
         record.payload, record.since"
    };
}

/// The columns of `link` that [`link`] reads.
macro_rules! link_columns {
    () => {
        "link.tenant, link.identity, link.entity, link.key, link.target, link.origin, \
         link.born_at, link.remember, link.fp_written, link.fp_target_version, link.written_at, \
         link.op, link.op_state, link.op_id, link.op_at, link.op_epoch, link.op_identity, \
         link.op_pipeline, link.op_record, link.op_seq, link.op_find, link.op_hash, \
         link.op_bound, link.op_due, link.finds"
    };
}

pub(super) use {link_columns, record_columns};

/// The link a record waits on, as the store writes it.
pub(super) fn waits_on(link: &LinkId) -> String {
    format!("{}:{}", link.entity, link.key)
}

/// A column of a row.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, Fault>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    Ok(row.try_get(column)?)
}

fn id<T: From<String>>(row: &SqliteRow, column: &'static str) -> Result<T, Fault> {
    Ok(get::<String>(row, column)?.into())
}

fn instant(row: &SqliteRow, column: &'static str) -> Result<Option<Timestamp>, Fault> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_ticks))
}

/// A column whose words are those of an enum.
pub(super) fn word<T>(
    row: &SqliteRow,
    column: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    match get::<Option<String>>(row, column)? {
        None => Ok(None),
        Some(value) => match parse(&value) {
            Some(word) => Ok(Some(word)),
            None => Err(Fault::Unreadable { column, value }),
        },
    }
}

/// A column that is set whenever the row stands as it does.
fn set<T>(column: &'static str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or(Fault::Unreadable {
        column,
        value: "NULL".to_owned(),
    })
}

fn count(row: &SqliteRow, column: &'static str) -> Result<u32, Fault> {
    let value: i64 = get(row, column)?;
    u32::try_from(value).map_err(|_| Fault::Unreadable {
        column,
        value: value.to_string(),
    })
}

fn mark(row: &SqliteRow, text: &'static str, ticks: &'static str) -> Result<Option<Mark>, Fault> {
    let at = instant(row, ticks)?;
    Ok(get::<Option<String>>(row, text)?.map(|text| Mark { text, at }))
}

pub(super) fn record(row: &SqliteRow) -> Result<RecordRow, Fault> {
    Ok(RecordRow {
        id: RecordId {
            tenant: id(row, "tenant")?,
            identity: id(row, "identity")?,
            pipeline: id(row, "pipeline")?,
            key: id(row, "key")?,
        },
        version: mark(row, "version", "ticks")?,
        seq: Seq(get(row, "seq")?),
        done_seq: Seq(get(row, "done_seq")?),
        dirty: get(row, "dirty")?,
        want: mark(row, "want_version", "want_ticks")?,
        state: set(
            "state",
            word(row, "state", super::super::RecordState::parse)?,
        )?,
        outcome: word(row, "outcome", super::super::Outcome::parse)?,
        reason: get(row, "reason")?,
        detail: get(row, "detail")?,
        verdict: word(row, "verdict", super::super::Verdict::parse)?,
        due: instant(row, "due")?,
        attempts: count(row, "attempts")?,
        waits_on: get(row, "waits_on")?,
        root: get::<Option<String>>(row, "root")?.map(Into::into),
        payload: get(row, "payload")?,
        since: set("since", instant(row, "since")?)?,
    })
}

/// A link; none when neither a target nor an intent stands.
pub(super) fn link(row: &SqliteRow) -> Result<Option<LinkRow>, Fault> {
    let target = match get::<Option<String>>(row, "target")? {
        None => None,
        Some(target) => Some(Target {
            id: TargetId::from(target),
            origin: set("origin", word(row, "origin", super::super::Origin::parse)?)?,
            born_at: set("born_at", instant(row, "born_at")?)?,
        }),
    };
    let intent = intent(row)?;
    if target.is_none() && intent.is_none() {
        return Ok(None);
    }
    let written = match get::<Option<String>>(row, "fp_written")? {
        None => None,
        Some(hash) => Some(Fingerprint {
            hash: ContentHash::from(hash),
            target_version: get(row, "fp_target_version")?,
            written_at: set("written_at", instant(row, "written_at")?)?,
        }),
    };
    Ok(Some(LinkRow {
        id: LinkId {
            tenant: id(row, "tenant")?,
            identity: id(row, "identity")?,
            entity: id(row, "entity")?,
            key: id(row, "key")?,
        },
        target,
        remember: get(row, "remember")?,
        written,
        written_at: instant(row, "written_at")?,
        intent,
    }))
}

fn intent(row: &SqliteRow) -> Result<Option<Intent>, Fault> {
    let Some(kind) = word(row, "op", super::super::OpKind::parse)? else {
        return Ok(None);
    };
    let record = match get::<Option<String>>(row, "op_record")? {
        None => None,
        Some(key) => Some((id(row, "op_identity")?, id(row, "op_pipeline")?, key.into())),
    };
    Ok(Some(Intent {
        op: id(row, "op_id")?,
        kind,
        state: set(
            "op_state",
            word(row, "op_state", super::super::OpState::parse)?,
        )?,
        at: set("op_at", instant(row, "op_at")?)?,
        engine: EngineEpoch(get(row, "op_epoch")?),
        record,
        seq: Seq(get::<Option<i64>>(row, "op_seq")?.unwrap_or(0)),
        find: get(row, "op_find")?,
        hash: id(row, "op_hash")?,
        bound: instant(row, "op_bound")?,
        due: instant(row, "op_due")?,
        finds: count(row, "finds")?,
    }))
}

pub(super) fn tenant(row: &SqliteRow) -> Result<TenantRow, Fault> {
    let agreed = match get::<Option<String>>(row, "agreed_version")? {
        None => None,
        Some(version) => Some(Agreement {
            version,
            by: get(row, "agreed_by")?,
            at: set("agreed_at", instant(row, "agreed_at")?)?,
        }),
    };
    Ok(TenantRow {
        tenant: id(row, "tenant")?,
        phase: set("phase", word(row, "phase", Phase::parse)?)?,
        epoch: TenantEpoch(get(row, "epoch")?),
        activated_at: instant(row, "activated_at")?,
        since: instant(row, "since")?,
        agreed,
    })
}

/// A tenant the store has not seen.
pub(super) fn no_tenant(tenant: &TenantName) -> TenantRow {
    TenantRow {
        tenant: tenant.clone(),
        phase: Phase::Off,
        epoch: TenantEpoch(0),
        activated_at: None,
        since: None,
        agreed: None,
    }
}

pub(super) fn order(row: &SqliteRow) -> Result<OrderRow, Fault> {
    Ok(OrderRow {
        id: id(row, "id")?,
        what: get(row, "what")?,
        args: get(row, "args")?,
        by: get(row, "by")?,
        at: Timestamp::from_ticks(get(row, "at")?),
    })
}

pub(super) fn account(row: &SqliteRow) -> Result<AccountRow, Fault> {
    let paused = match instant(row, "paused_until")? {
        None => None,
        Some(until) => Some(AccountPause {
            until,
            reason: get::<Option<String>>(row, "pause_reason")?.unwrap_or_default(),
        }),
    };
    Ok(AccountRow {
        identity: get::<Option<String>>(row, "identity")?.map(Into::into),
        sealed_refresh: get::<Option<Vec<u8>>>(row, "sealed_refresh")?.map(Sealed),
        sealed_prev: get::<Option<Vec<u8>>>(row, "sealed_prev")?.map(Sealed),
        token_gen: get(row, "token_gen")?,
        paused,
    })
}

pub(super) fn cursor(row: &SqliteRow) -> Result<CursorRow, Fault> {
    let scan = if get(row, "scan_open")? {
        Some(Scan {
            id: id(row, "scan_id")?,
            lower: get(row, "scan_lower")?,
            position: Position {
                at: get(row, "scan_at")?,
                tie: get(row, "scan_tie")?,
                page: get(row, "scan_page")?,
                highest: mark(row, "scan_high", "scan_high_ticks")?,
            },
            started: set("scan_started", instant(row, "scan_started")?)?,
        })
    } else {
        None
    };
    Ok(CursorRow {
        watermark: mark(row, "watermark", "watermark_ticks")?,
        scan,
        stalled: get(row, "stalled")?,
    })
}
