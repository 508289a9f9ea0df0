//! The work of the merge: it puts the results of the parts together, and completes the query.

use std::fs;
use std::path::PathBuf;

use datafusion::physical_plan::execute_stream;
use futures::TryStreamExt;
use stepwell_sdk::{Failure, StepResult, log};

use super::part::{Plan, plan};
use super::partial::{self, Reader};
use crate::config::DataProcessing;
use crate::errors::of_problem;
use crate::inputs::{Inputs, Reading, sources};
use crate::paths;
use crate::query::{Read, report, whole, write};
use crate::shares::{End, Split};

/// Runs the merge.
pub async fn run(step: &DataProcessing, split: &Split) -> StepResult {
    let ends = split.from.as_deref().unwrap_or_default();
    if ends.len() as u64 != u64::from(split.parts) {
        let what = format!("`split` has {} parts, but `from` has {}", split.parts, ends.len());
        return Err(Failure::invalid_config(what));
    }
    if let Some((part, end)) = ends.iter().enumerate().find(|(_, end)| !end.is_success()) {
        return Err(Failure::failed(format!(
            "part {part} of `{}` has the status `{}`: the result needs all of its {} parts",
            split.input, end.status, split.parts
        )));
    }
    let files: Vec<PathBuf> = ends.iter().filter_map(End::file).map(paths::absolute).collect();
    let output = match ends.iter().find_map(End::whole) {
        Some(reason) => {
            log::warn(format!("`split` has no effect: {reason}; the step reads the input whole"));
            whole(step, &sources(step)?).await?
        }
        None if files.len() == ends.len() => complete(step, split, ends, &files).await?,
        None => return Err(Failure::failed("a part in `from` has no `file` in its output")),
    };
    // The workspace is short-lived, so a file that stays does little harm.
    files.iter().for_each(|file| drop(fs::remove_file(file)));
    Ok(output)
}

async fn complete(step: &DataProcessing, split: &Split, ends: &[End], files: &[PathBuf]) -> StepResult {
    let open = |file: &PathBuf| Reader::open(file).map_err(|problem| of_problem(&problem));
    let readers = files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = readers.first() else { return Err(differ()) };
    let reading = Reading::Merged(first.input.clone());
    let Plan { inputs, columns, cut } = plan(step, &sources(step)?, split, &reading).await?;
    let cut = cut.map_err(|_| differ())?;
    let schema = cut.schema();
    if !readers.iter().all(|reader| reader.input == first.input && reader.fits(&schema)) {
        return Err(differ());
    }
    drop(readers);
    let wrong = |e| inputs.explained(&e);
    let merged = partial::scan(files.to_vec(), schema).and_then(|source| cut.merge(source)).map_err(wrong)?;
    let stream = execute_stream(merged, inputs.session.task_ctx()).map_err(wrong)?;
    let schema = stream.schema();
    let written = write(step, &inputs, &columns, schema, stream.map_err(wrong)).await?;
    let bytes = ends.iter().map(End::bytes_read).fold(inputs.bytes_read(), u64::saturating_add);
    let read = Read { rejected: rejected(&inputs, split, ends)?, bytes };
    Ok(report(step, &inputs, written, read))
}

/// Returns the number of rows that were left out. All parts read the other inputs whole, and leave out the
/// same rows.
fn rejected(inputs: &Inputs, split: &Split, ends: &[End]) -> Result<u64, Failure> {
    let counts = inputs.rejected()?.into_iter().map(|(name, own)| {
        let of_parts = ends.iter().map(|end| end.rejected(name));
        match name == split.input {
            true => of_parts.fold(own, u64::saturating_add),
            false => of_parts.fold(own, u64::max),
        }
    });
    Ok(counts.fold(0, u64::saturating_add))
}

fn differ() -> Failure {
    Failure::failed(
        "the parts in `from` belong to another query, or the input has changed since: run them again",
    )
}
