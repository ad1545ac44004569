//! `/jobs/{id}/notes` and the feed of notes.

use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::listing::plain_page;
use crate::sandbox::servicetitan::model::note::{ExportedNote, Note, NoteView};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::{World, found, settled};

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
    world.born("job-notes", [format!("{job}: {text}")]);
    let id = world.add_note(job, text, is_pinned)?;
    let note = found(&world.notes, "Note", id)?;
    Ok(Reply::json(&NoteView::new(note)))
}

impl World {
    /// Adds a note to a job. The job counts as unchanged.
    pub(crate) fn add_note(
        &mut self,
        job: Id,
        text: String,
        is_pinned: bool,
    ) -> Result<Id, Refusal> {
        found(&self.jobs, "Job", job)?;
        let id = self.next_id();
        let note = Note {
            id,
            job_id: job,
            text,
            is_pinned,
            created_by_id: self.user(),
            created_on: self.now,
            modified_on: self.now,
            active: true,
        };
        self.notes.insert(note, self.late);
        self.jobs.amend(job, |row| row.notes.push(id));
        Ok(id)
    }

    /// Someone deletes a note: lists have it no more, the feed shows it as inactive.
    pub(crate) fn delete_note(&mut self, id: Id) -> Result<(), Refusal> {
        let job = found(&self.notes, "Note", id)?.job_id;
        self.notes.change(id, self.now, |row| row.active = false);
        self.jobs
            .amend(job, |row| row.notes.retain(|known| *known != id));
        Ok(())
    }
}

/// `GET /export/job-notes`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    export::feed(world, "job-notes", &world.notes, params, ExportedNote::new)
}
