//! T5: finds of unknown intents that returned nothing.

use super::super::{Miss, Missed, OpState};
use super::fault::Fault;
use super::links;
use super::writer::{Command, Tx};
use crate::engine::crash::CrashPoint;

/// So many finds that started after the bound prove that nothing was done (S1).
const AGREEING: u32 = 2;

impl Command for Miss {
    type Answer = Missed;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforeUnsettled, CrashPoint::AfterUnsettled)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Missed>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for miss in commands {
            answers.push(count(tx, miss).await?);
        }
        Ok(answers)
    }
}

async fn count(tx: &mut Tx<'_>, miss: &Miss) -> Result<Missed, Fault> {
    let row = links::read(tx.conn, &miss.link).await?;
    let Some(row) = row else {
        return Ok(Missed::Moved(None));
    };
    let open = row.intent.as_ref().filter(|intent| intent.op == miss.op);
    let Some((OpState::Unknown, bound, finds)) =
        open.map(|intent| (intent.state, intent.bound, intent.finds))
    else {
        return Ok(Missed::Moved(Some(Box::new(row))));
    };
    if finds != miss.finds {
        return Ok(Missed::Again { finds });
    }
    // Without a bound nothing ever proves that nothing happened.
    let finds = if bound.is_some_and(|bound| miss.started > bound) {
        finds + 1
    } else {
        finds
    };
    if finds < AGREEING {
        sqlx::query(
            "UPDATE link SET finds = ?5, op_due = ?6 \
             WHERE tenant = ?1 AND key = ?2 AND entity = ?3 AND identity = ?4",
        )
        .bind(miss.link.tenant.as_str())
        .bind(miss.link.key.as_str())
        .bind(miss.link.entity.as_str())
        .bind(miss.link.identity.as_str())
        .bind(finds)
        .bind(miss.next.ticks())
        .execute(&mut *tx.conn)
        .await?;
        return Ok(Missed::Again { finds });
    }
    release(tx, miss).await?;
    Ok(Missed::Released)
}

/// The claim is free. Its record was parked on it, or waits for another reason; either way its next attempt is a fresh
/// one.
async fn release(tx: &mut Tx<'_>, miss: &Miss) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE record SET state = 'ready', due = NULL, backoff = NULL, waits_on = NULL \
         FROM link WHERE link.tenant = ?1 AND link.key = ?2 AND link.entity = ?3 \
         AND link.identity = ?4 AND record.tenant = link.tenant AND record.key = link.op_record \
         AND record.identity = link.op_identity AND record.pipeline = link.op_pipeline \
         AND record.state = 'waiting'",
    )
    .bind(miss.link.tenant.as_str())
    .bind(miss.link.key.as_str())
    .bind(miss.link.entity.as_str())
    .bind(miss.link.identity.as_str())
    .execute(&mut *tx.conn)
    .await?;
    close(tx, &miss.link).await?;
    links::wake(tx, &[&miss.link]).await
}

/// Ends an intent without a word about its target.
pub(super) async fn close(tx: &mut Tx<'_>, link: &super::super::LinkId) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE link SET op = NULL, op_state = NULL, op_find = NULL, op_bound = NULL, \
         op_due = NULL, finds = 0 \
         WHERE tenant = ?1 AND key = ?2 AND entity = ?3 AND identity = ?4",
    )
    .bind(link.tenant.as_str())
    .bind(link.key.as_str())
    .bind(link.entity.as_str())
    .bind(link.identity.as_str())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}
