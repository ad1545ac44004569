//! Module `forms`: files on jobs. A download is a redirect to a link that opens without a token
//! for a few minutes, or the file itself when the switch says so.

use std::time::Duration;

use super::config::Downloads;
use super::listing::{ActiveRule, List, ListRules};
use super::model::attachment::{Attached, Attachment, AttachmentView, Upload};
use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::reply::{File, Reply};
use super::value::{Id, Instant};
use super::world::{World, found};
use crate::sandbox::kit::time::later;

const RULES: ListRules = ListRules::new(ActiveRule::NoFilter).without_ids();
/// How long a link opens.
const LINK: Duration = Duration::from_secs(300);
/// The first part of the path of a link.
pub(crate) const BLOBS: &str = "/blobs/";

/// `GET /jobs/{id}/attachments`: the specs list no 404.
pub(crate) fn list(world: &World, job: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    problems.settle()?;
    check_job(world, job)?;
    let files = world.jobs.get(job).map(|row| row.attachments.clone());
    let page = list.cut(world.attachments.rows_of(files.unwrap_or_default()));
    Ok(Reply::json(&page.map(AttachmentView::new)))
}

/// `POST /jobs/{id}/attachments`. A name can be used again: each call creates a row.
pub(crate) fn create(world: &mut World, job: Id, file: Option<Upload>) -> Result<Reply, Refusal> {
    check_job(world, job)?;
    let file = file.ok_or_else(|| {
        Refusal::invalid(
            "file",
            "The body must be multipart/form-data with a part called file.",
        )
    })?;
    world.born("attachments", [format!("{job}/{}", file.file_name)]);
    let id = world.attach(job, file)?;
    let row = found(&world.attachments, "Attachment", id)?;
    let file_name = &row.file_name;
    Ok(Reply::json(&Attached { file_name }))
}

/// `GET /jobs/attachment/{id}`.
pub(crate) fn download(world: &World, id: Id) -> Result<Reply, Refusal> {
    let row = found(&world.attachments, "Attachment", id)?;
    Ok(match world.switches.downloads {
        Downloads::Direct => Reply::File(file(row)),
        Downloads::Redirect => {
            let until = later(world.now, LINK).timestamp();
            let seal = seal(row, until);
            Reply::Link(format!("{BLOBS}{id}?until={until}&seal={seal}"))
        }
    })
}

/// What a link opens: nothing once its time is over.
pub(crate) fn blob(world: &World, now: Instant, path: &str, params: &Params<'_>) -> Option<File> {
    let id = Id(path.strip_prefix(BLOBS)?.parse().ok()?);
    let until: i64 = params.text("until")?.parse().ok()?;
    let row = world.attachments.get(id)?;
    let good = until >= now.timestamp() && params.text("seal") == Some(&seal(row, until));
    good.then(|| file(row))
}

/// Nobody but this simulator checks it.
fn seal(row: &Attachment, until: i64) -> String {
    let text = format!("{} {} {until}", row.job_id, row.id);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

fn file(row: &Attachment) -> File {
    File {
        content_type: row.content_type.clone(),
        content: row.content.clone(),
    }
}

fn check_job(world: &World, job: Id) -> Result<(), Refusal> {
    if world.jobs.has(job) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "id",
        format!("The job {job} does not exist."),
    ))
}

impl World {
    /// Puts a file on a job. The job counts as unchanged.
    pub(crate) fn attach(&mut self, job: Id, file: Upload) -> Result<Id, Refusal> {
        found(&self.jobs, "Job", job)?;
        let id = self.next_id();
        let row = Attachment {
            id,
            job_id: job,
            file_name: file.file_name,
            content_type: file.content_type,
            content: file.content,
            created_on: self.now,
            created_by_id: self.user(),
            modified_on: self.now,
        };
        self.attachments.insert(row, self.late);
        self.jobs.amend(job, |row| row.attachments.push(id));
        Ok(id)
    }
}
