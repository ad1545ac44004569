-- What people paused: a pipeline of a tenant, or everything (tenant and pipeline `*`). A tenant's own pause is its phase.
CREATE TABLE pause (
    tenant   TEXT    NOT NULL,
    pipeline TEXT    NOT NULL,
    by       TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (tenant, pipeline)
) STRICT, WITHOUT ROWID;
