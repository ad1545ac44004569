-- Up to when the times of a pipeline's cron line were met: those that pass later, while nothing runs, were missed.
CREATE TABLE schedule (
    tenant   TEXT    NOT NULL,
    pipeline TEXT    NOT NULL,
    met      INTEGER NOT NULL,
    PRIMARY KEY (tenant, pipeline)
) STRICT, WITHOUT ROWID;
