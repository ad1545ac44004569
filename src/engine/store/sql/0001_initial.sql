-- Tenant first in every key; ids are TEXT, instants INTEGER (100 ns since 1970), beside the verbatim
-- TEXT where a source gave one.

CREATE TABLE meta (
    one          INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    store_id     TEXT    NOT NULL,
    reborn_at    INTEGER,                       -- set by a restore: until later every create counts as unknown (S29)
    engine_epoch INTEGER NOT NULL DEFAULT 0,    -- raised by every engine that opens the store (T0)
    engine_holder TEXT,
    boots        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE tenant (
    tenant         TEXT    NOT NULL PRIMARY KEY,
    phase          TEXT    NOT NULL CHECK (phase IN ('off', 'activating', 'on', 'paused')),
    epoch          INTEGER NOT NULL,
    owner          TEXT,                        -- which daemon, where several share a store
    owner_until    INTEGER,
    activated_at   INTEGER,                     -- the first time on; never moves (S23)
    since          INTEGER,
    agreed_version TEXT,
    agreed_by      TEXT,
    agreed_at      INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    tenant         TEXT    NOT NULL,
    connector      TEXT    NOT NULL,
    identity       TEXT,                        -- whose data: state is keyed by it (S30)
    sealed_refresh BLOB,
    sealed_prev    BLOB,
    token_gen      INTEGER NOT NULL DEFAULT 0,
    paused_until   INTEGER,
    pause_reason   TEXT,
    PRIMARY KEY (tenant, connector)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    tenant          TEXT NOT NULL,
    identity        TEXT NOT NULL,
    pipeline        TEXT NOT NULL,
    watermark       TEXT,
    watermark_ticks INTEGER,
    scan_id         TEXT,                       -- kept after the scan ended, so that its last page can be repeated
    scan_open       INTEGER NOT NULL DEFAULT 0,
    scan_lower      TEXT,
    scan_started    INTEGER,
    scan_at         TEXT,
    scan_tie        TEXT,
    scan_page       TEXT,
    scan_high       TEXT,
    scan_high_ticks INTEGER,
    stalled         TEXT,
    PRIMARY KEY (tenant, identity, pipeline)
) STRICT, WITHOUT ROWID;

-- The key comes before the account and the pipeline, so that `trace KEY` needs no index of its own.
CREATE TABLE record (
    tenant       TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    identity     TEXT    NOT NULL,
    pipeline     TEXT    NOT NULL,
    version      TEXT,
    ticks        INTEGER,
    hash         TEXT,
    read_at      INTEGER NOT NULL,              -- when the read that brought it started (S9)
    seq          INTEGER NOT NULL,              -- of its last intake, over the whole store (S8)
    done_seq     INTEGER NOT NULL DEFAULT 0,    -- of the intake that was last worked
    dirty        INTEGER NOT NULL DEFAULT 0,    -- to be read again before it is worked (S10)
    hinted_at    INTEGER,
    want_version TEXT,
    want_ticks   INTEGER,
    state        TEXT    NOT NULL CHECK (state IN ('ready', 'waiting', 'held', 'dead', 'done')),
    backoff      TEXT,                          -- why it waits: transient or rejected (S31)
    outcome      TEXT,
    reason       TEXT,
    detail       TEXT,
    verdict      TEXT,
    due          INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    waits_on     TEXT,                          -- entity:key
    root         TEXT,
    since        INTEGER NOT NULL,              -- since when it is not in step
    payload      TEXT,                          -- null once done
    PRIMARY KEY (tenant, key, identity, pipeline)
) STRICT;

CREATE INDEX record_ready ON record (tenant, seq) WHERE state = 'ready';
CREATE INDEX record_due ON record (tenant, due) WHERE due IS NOT NULL;
CREATE INDEX record_waits_on ON record (tenant, waits_on) WHERE waits_on IS NOT NULL;
CREATE INDEX record_held ON record (tenant, pipeline) WHERE state = 'held';
CREATE INDEX record_dead ON record (tenant, since) WHERE state = 'dead';

CREATE TABLE link (
    tenant            TEXT NOT NULL,
    key               TEXT NOT NULL,
    entity            TEXT NOT NULL,
    identity          TEXT NOT NULL,            -- of the account in which the target lives
    target            TEXT,
    origin            TEXT,
    born_at           INTEGER,
    remember          TEXT,
    fp_written        TEXT,
    fp_target_version TEXT,
    written_at        INTEGER,
    op                TEXT,                     -- the open intent: create, update or other
    op_state          TEXT CHECK (op_state IN ('planned', 'unknown', 'held')),
    op_id             TEXT,                     -- kept when settled, so that settling can be repeated
    op_at             INTEGER,
    op_epoch          INTEGER,
    op_identity       TEXT,                     -- the record it is for
    op_pipeline       TEXT,
    op_record         TEXT,
    op_seq            INTEGER,
    op_find           TEXT,                     -- rendered, without secrets
    op_hash           TEXT,
    op_wait           INTEGER,                  -- in_flight + lag, in 100 ns; null: only a person may say
    op_bound          INTEGER,                  -- before this a find that returns nothing proves nothing (S1)
    op_due            INTEGER,
    finds             INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, key, entity, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX link_target ON link (tenant, target, entity, identity) WHERE target IS NOT NULL;
CREATE INDEX link_open ON link (tenant, op_state, op_due) WHERE op IS NOT NULL;

CREATE TABLE trace (
    n        INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    root     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    identity TEXT    NOT NULL,
    pipeline TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    blob     TEXT    NOT NULL
) STRICT;

CREATE INDEX trace_root ON trace (tenant, root);

-- Requirements that do not hold: the pipelines they are for take up no work meanwhile (S22).
CREATE TABLE gate (
    tenant      TEXT    NOT NULL,
    pipeline    TEXT    NOT NULL,
    requirement TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    at          INTEGER NOT NULL,               -- since when it does not hold
    PRIMARY KEY (tenant, pipeline, requirement)
) STRICT, WITHOUT ROWID;

-- What people asked for. "by" and "at" say who and when.
CREATE TABLE orders (
    tenant  TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    args    TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    done_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

-- What the planner would find in a large store, told from the start: a tenant has very many records
-- and links, a key hardly more than one. Without it, it may walk a tenant's records for one page.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('record', 'sqlite_autoindex_record_1', '1000000 100000 2 2 1'),
    ('record', 'record_ready', '100000 10000 1'),
    ('record', 'record_due', '10000 1000 10'),
    ('record', 'record_waits_on', '10000 1000 10'),
    ('record', 'record_held', '10000 1000 300'),
    ('record', 'record_dead', '10000 1000 1'),
    ('link', 'link', '1000000 100000 2 2 1'),
    ('link', 'link_target', '1000000 100000 2 2 1'),
    ('link', 'link_open', '1000 100 30 1'),
    ('trace', 'trace_root', '1000000 100000 20'),
    ('tenant', 'tenant', '1000 1'),
    ('cursor', 'cursor', '5000 5 5 1');
ANALYZE sqlite_schema;
