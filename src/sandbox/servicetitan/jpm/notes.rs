//! `/jobs/{id}/notes` and the feed of notes.

use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::listing::plain_page;
use crate::sandbox::servicetitan::model::note::{ExportedNote, Note, NoteView};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::{API_USER, World, found, settled};

/// `GET /jobs/{id}/notes`.
pub(crate) fn list(world: &World, job: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let job = found(&world.jobs, "Job", job)?;
    let seen = |note: &&Note| world.newest.is_none_or(|newest| note.created_on <= newest);
    let notes = world.notes.rows_of(job.notes.clone()).filter(seen);
    plain_page(params, notes.map(NoteView::new).collect()).map(|page| Reply::json(&page))
}

/// `POST /jobs/{id}/notes`: the reply has no id.
pub(crate) fn create(world: &mut World, job: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.jobs, "Job", job)?;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let text: Option<String> = form.required("text");
    let is_pinned = form.optional("pinToTop").unwrap_or(false);
    let text = settled(text, &problems)?;
    let id = world.next_id();
    let note = Note {
        id,
        job_id: job,
        text,
        is_pinned,
        created_by_id: API_USER,
        created_on: world.now,
        modified_on: world.now,
    };
    let reply = Reply::json(&NoteView::new(&note));
    world.notes.insert(note, world.late);
    world.jobs.amend(job, |row| row.notes.push(id));
    Ok(reply)
}

/// `GET /export/job-notes`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    export::feed(world, "job-notes", &world.notes, params, ExportedNote::new)
}
