//! The work of a part: it reads its share of the input, and writes what the merge needs of it.

use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use stepwell_sdk::prelude::json;
use stepwell_sdk::prelude::serde_json::{Map, Value};
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, Output, StepResult, progress};
use tables::Share;

use super::cut::{self, Cut};
use super::obstacle;
use super::partial::{EXTENSION, Writer};
use crate::config::{DataProcessing, Format};
use crate::errors::failure;
use crate::inputs::{Inputs, Reading, Source, sources};
use crate::paths;
use crate::query::{columns, frame};
use crate::shares::Split;

/// Runs a part.
pub async fn run(step: &DataProcessing, split: &Split, part: u32, to: &str) -> StepResult {
    let sources = sources(step)?;
    if let Some(reason) = obstacle::of_inputs(&sources, split)? {
        return Ok(whole(&reason));
    }
    let of_json = |source: &Source| matches!(source.spec.format(), Some(Format::Ndjson | Format::Json));
    if sources.iter().any(|source| source.name == split.input && of_json(source)) {
        // All types of JSON are known only after all objects are read. A sample tells enough of the query.
        let sample = plan(step, &sources, split, &Reading::Sample).await;
        if let Ok(Plan { cut: Err(reason), .. }) = sample {
            return Ok(whole(&reason));
        }
    }
    let planned = plan(step, &sources, split, &Reading::Part(Share::new(part, split.parts))).await?;
    match planned.cut {
        Ok(cut) => execute(&planned.inputs, &cut, split, to).await,
        Err(reason) => Ok(whole(&reason)),
    }
}

/// A query that is planned for a split.
pub struct Plan {
    pub inputs: Inputs,
    /// The names of the columns of the result.
    pub columns: Vec<String>,
    /// The cut, or the reason why there is none.
    pub cut: Result<Cut, String>,
}

/// Plans the query.
pub async fn plan(
    step: &DataProcessing,
    sources: &[Source],
    split: &Split,
    reading: &Reading,
) -> Result<Plan, Failure> {
    let inputs = Inputs::plan(step, sources, Some((&split.input, reading))).await?;
    let frame = frame(&inputs, &step.query).await?;
    let columns = columns(&frame);
    let wrong = |e| inputs.explained(&e);
    if let Some(reason) = obstacle::of_functions(frame.logical_plan()).map_err(wrong)? {
        return Ok(Plan { inputs, columns, cut: Err(reason) });
    }
    let plan = frame.create_physical_plan().await.map_err(wrong)?;
    let cut = cut::find(&plan, &inputs.mark, &split.input).map_err(wrong)?;
    Ok(Plan { inputs, columns, cut })
}

/// Returns the output of a part that leaves all work to the merge.
fn whole(reason: &str) -> Output {
    Output::new(format!("The input is read whole: {reason}.")).value(json!({ "whole": reason }))
}

async fn execute(inputs: &Inputs, cut: &Cut, split: &Split, to: &str) -> StepResult {
    let path = paths::absolute(&format!("{to}.{EXTENSION}"));
    let mut file = Writer::create(path.clone(), &inputs.columns, &cut.schema())?;
    let mut stream =
        execute_stream(cut.part(), inputs.session.task_ctx()).map_err(|e| failure(&e, &inputs.names))?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|e| inputs.explained(&e))?;
        rows += batch.num_rows() as u64;
        file.write(&batch)?;
    }
    file.finish()?;
    progress(inputs.bytes, Some(inputs.bytes), "done");
    let rejected = inputs.rejected()?.into_iter().map(|(name, count)| (name.to_owned(), count.into()));
    let rejected: Map<String, Value> = rejected.collect();
    let read = inputs.mark.rows();
    let of = counted(read, "row");
    Ok(Output::new(format!("Read {of} of `{}`, which became {}.", split.input, counted(rows, "row")))
        .value(json!({
            "file": path.display().to_string(),
            "rows_read": read,
            "bytes_read": inputs.bytes_read(),
            "rows_rejected": rejected,
        }))
        .metadata("rows_read", read)
        .metadata("row_count", rows))
}
