//! The output of commands: their answers as JSON or as text.

pub(crate) mod progress;
pub(crate) mod summary;
pub(crate) mod table;
mod value;

use serde_json::{Value, json};

use crate::cli::Ends;
use crate::cli::args::Output;
use crate::cli::client::{Call, Client};
use crate::display::{plain, plain_lines};
use crate::failure::Failure;
use crate::{Exit, print};

/// Prints an answer: as JSON, or as the text that is made of it.
pub(crate) fn show(output: Output, answer: &Value, text: impl FnOnce(&Value) -> String) -> Ends {
    match output {
        Output::Json => print(&serde_json::to_string_pretty(answer).unwrap_or_default()),
        Output::Text => print(&text(answer)),
    }
    Ok(Exit::Success)
}

/// Sends a change whose answer has no content, and prints `done` as text.
pub(crate) async fn change(client: &Client, output: Output, call: Call, done: &str) -> Ends {
    client.ask(call).await?;
    if output == Output::Text {
        print(&plain(done));
    }
    Ok(Exit::Success)
}

/// Applies an operation to each id, and continues when one fails. The message of a failure goes to standard
/// error, and the command ends with the exit code of the first failure. JSON output is the answer itself for
/// one id, and a list for several.
pub(crate) async fn each<F: Future<Output = Result<(Value, String), Failure>>>(
    output: Output,
    ids: &[String],
    act: impl Fn(String) -> F,
) -> Result<(Exit, Vec<Value>), Failure> {
    let (mut answers, mut exit) = (Vec::new(), Exit::Success);
    for id in ids {
        match act(id.clone()).await {
            Ok((answer, text)) => {
                if output == Output::Text {
                    print(&plain_lines(&text));
                }
                answers.push(answer);
            }
            Err(failure) if ids.len() == 1 => return Err(failure),
            Err(failure) => {
                say!("{}", failure.shown());
                exit = if exit == Exit::Success { failure.exit } else { exit };
            }
        }
    }
    Ok((exit, answers))
}

/// Prints answers as JSON: the answer itself when the user `asked` about one thing, and otherwise a list.
pub(crate) fn show_all(output: Output, asked: usize, answers: Vec<Value>) {
    if output == Output::Json {
        let answer = match <[Value; 1]>::try_from(answers) {
            Ok([one]) if asked == 1 => one,
            Ok(one) => json!({ "items": one }),
            Err(several) => json!({ "items": several }),
        };
        print(&serde_json::to_string_pretty(&answer).unwrap_or_default());
    }
}
