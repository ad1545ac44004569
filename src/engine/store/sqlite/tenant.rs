//! Accounts of tenants: whose data they hold, their pauses, their tokens (T7).

use sqlx::SqliteConnection;

use super::super::{AccountId, AccountPause, AccountRow, Error, Rotate, Rotated, TenantRow};
use super::fault::Fault;
use super::rows;
use super::writer::{Command, Tx};
use crate::engine::crash::CrashPoint;
use crate::engine::record::{Identity, TenantName};

/// A tenant; off at epoch 0 when it was never seen.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
) -> Result<TenantRow, Fault> {
    sqlx::query("SELECT * FROM tenant WHERE tenant = ?1")
        .bind(tenant.as_str())
        .fetch_optional(conn)
        .await?
        .as_ref()
        .map_or_else(|| Ok(rows::no_tenant(tenant)), rows::tenant)
}

/// An account, if there is a row of it.
pub(super) async fn read_account(
    conn: &mut SqliteConnection,
    account: &AccountId,
) -> Result<Option<AccountRow>, Fault> {
    sqlx::query("SELECT * FROM account WHERE tenant = ?1 AND connector = ?2")
        .bind(account.tenant.as_str())
        .bind(account.connector.as_str())
        .fetch_optional(conn)
        .await?
        .as_ref()
        .map(rows::account)
        .transpose()
}

async fn ensure_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<(), Fault> {
    sqlx::query("INSERT INTO account (tenant, connector) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .bind(account.tenant.as_str())
        .bind(account.connector.as_str())
        .execute(&mut *tx.conn)
        .await?;
    Ok(())
}

/// Binds an account to an identity.
pub(super) struct Bind {
    pub(super) account: AccountId,
    pub(super) identity: Identity,
}

impl Command for Bind {
    type Answer = ();

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<()>, Fault> {
        for bind in commands {
            ensure_account(tx, &bind.account).await?;
            let standing = read_account(tx.conn, &bind.account).await?;
            let bound = standing.and_then(|account| account.identity);
            if let Some(bound) = bound.filter(|bound| *bound != bind.identity)
                && keeps_state(tx, &bind.account.tenant, &bound).await?
            {
                return Err(Fault::Refused(Error::IdentityBound {
                    tenant: bind.account.tenant.clone(),
                    connector: bind.account.connector.clone(),
                    bound,
                    wanted: bind.identity.clone(),
                }));
            }
            // A token of another identity's account is of no use, and must not be tried.
            sqlx::query(
                "UPDATE account SET identity = ?3, \
                 sealed_refresh = iif(identity IS NULL OR identity = ?3, sealed_refresh, NULL), \
                 sealed_prev = iif(identity IS NULL OR identity = ?3, sealed_prev, NULL) \
                 WHERE tenant = ?1 AND connector = ?2",
            )
            .bind(bind.account.tenant.as_str())
            .bind(bind.account.connector.as_str())
            .bind(bind.identity.as_str())
            .execute(&mut *tx.conn)
            .await?;
        }
        Ok(vec![(); commands.len()])
    }
}

async fn keeps_state(
    tx: &mut Tx<'_>,
    tenant: &TenantName,
    identity: &Identity,
) -> Result<bool, Fault> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM cursor WHERE tenant = ?1 AND identity = ?2) \
         OR EXISTS (SELECT 1 FROM record WHERE tenant = ?1 AND identity = ?2) \
         OR EXISTS (SELECT 1 FROM link WHERE tenant = ?1 AND identity = ?2)",
    )
    .bind(tenant.as_str())
    .bind(identity.as_str())
    .fetch_one(&mut *tx.conn)
    .await?)
}

/// Pauses an account, or ends its pause.
pub(super) struct Pause {
    pub(super) account: AccountId,
    pub(super) pause: Option<AccountPause>,
}

impl Command for Pause {
    type Answer = ();

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<()>, Fault> {
        for pause in commands {
            ensure_account(tx, &pause.account).await?;
            sqlx::query(
                "UPDATE account SET paused_until = ?3, pause_reason = ?4 \
                 WHERE tenant = ?1 AND connector = ?2",
            )
            .bind(pause.account.tenant.as_str())
            .bind(pause.account.connector.as_str())
            .bind(pause.pause.as_ref().map(|pause| pause.until.ticks()))
            .bind(pause.pause.as_ref().map(|pause| pause.reason.as_str()))
            .execute(&mut *tx.conn)
            .await?;
        }
        Ok(vec![(); commands.len()])
    }
}

impl Command for Rotate {
    type Answer = Rotated;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforeRotate, CrashPoint::AfterRotate)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Rotated>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for rotate in commands {
            ensure_account(tx, &rotate.account).await?;
            let stored = sqlx::query(
                "UPDATE account SET sealed_prev = sealed_refresh, sealed_refresh = ?4, \
                 token_gen = ?3 + 1 WHERE tenant = ?1 AND connector = ?2 AND token_gen = ?3",
            )
            .bind(rotate.account.tenant.as_str())
            .bind(rotate.account.connector.as_str())
            .bind(rotate.token_gen)
            .bind(rotate.sealed.0.as_slice())
            .execute(&mut *tx.conn)
            .await?
            .rows_affected();
            let token_gen = rotate.token_gen + 1;
            let account = read_account(tx.conn, &rotate.account).await?;
            answers.push(match account {
                Some(row) if stored == 0 => {
                    let ours = row.sealed_refresh.as_ref() == Some(&rotate.sealed);
                    if ours && row.token_gen == token_gen {
                        Rotated::Stored { token_gen }
                    } else {
                        Rotated::Moved(row)
                    }
                }
                Some(_) | None => Rotated::Stored { token_gen },
            });
        }
        Ok(answers)
    }
}
