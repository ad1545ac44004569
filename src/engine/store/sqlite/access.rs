//! How SQLite reaches the rows: a statement that scanned a table would be right, and slow only with many records.

use sqlx::{AssertSqlSafe, Row as _};

use super::super::SqliteStore;
use super::bulk::Bulk;
use crate::engine::clock::Timestamp;

/// The steps in which a statement walks more of a table than the rows it is about.
async fn walks(store: &SqliteStore, sql: &str) -> Vec<String> {
    let mut conn = store.reader().await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.get::<String, _>("detail"))
        .filter(|step| {
            let scan = ["record", "link", "tenant", "trace"].iter().any(|table| {
                step.strip_prefix("SCAN ")
                    .is_some_and(|rest| rest.starts_with(table))
            });
            scan || step.contains("AUTOMATIC") || step.contains("(tenant=?)")
        })
        // Reading the one row of a tenant is no walk.
        .filter(|step| step != "SEARCH tenant USING PRIMARY KEY (tenant=?)")
        .filter(|step| step != "SEARCH tenant USING PRIMARY KEY (tenant=?) LEFT-JOIN")
        .collect()
}

#[tokio::test]
async fn statements_over_many_rows_search_each_by_key() {
    let store = SqliteStore::in_memory(Timestamp::EPOCH).await.unwrap();
    let all: [&[&Bulk]; 5] = [
        super::take::STATEMENTS,
        super::hint::STATEMENTS,
        super::plan::STATEMENTS,
        super::links::STATEMENTS,
        super::finish::STATEMENTS,
    ];
    for bulk in all.into_iter().flatten() {
        for rows in [1, 64] {
            let AssertSqlSafe(sql) = bulk.text(rows);
            assert_eq!(walks(&store, &sql).await, [""; 0], "{sql}");
        }
    }
}
