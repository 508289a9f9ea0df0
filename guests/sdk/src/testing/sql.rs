//! `stepwell:sql` of the fake host.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::STATE;
pub use crate::bindings::stepwell::sql::sql::{
    Column, ColumnBatch, ColumnValues, Error, Parameters, ScriptReport, StatementReport, Texts, Transaction,
    Value,
};

/// The result of a statement in the fake database.
#[derive(Debug, Clone)]
pub enum Answer {
    /// For `query`: the column names and the rows.
    Rows(Vec<String>, Vec<Vec<Value>>),
    /// For `execute`: the number of changed rows.
    Changed(u64),
    /// For `script`: the result of each statement.
    Script(ScriptReport),
}

impl Answer {
    /// Creates rows with their column names: `Answer::rows(["region", "total"], [["EU".into(), 3.into()]])`.
    pub fn rows<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        Self::Rows(
            columns.map(str::to_owned).to_vec(),
            rows.into_iter().map(|row| row.into_iter().collect()).collect(),
        )
    }
}

/// A statement that the test expects, with its result.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub connection: String,
    pub text: String,
    pub answer: Result<Answer, Error>,
}

impl Expected {
    fn fits(&self, connection: &str, text: &str) -> bool {
        self.connection == connection && words(&self.text).eq(words(text))
    }
}

/// Splits a statement into words, so that its line breaks do not matter in a comparison.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

/// A statement that the step ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The name of the connection.
    pub connection: String,
    /// The SQL text; `BEGIN`, `COMMIT` and `ROLLBACK` for transactions.
    pub text: String,
    /// The bound parameters. Scripts and transactions have none.
    pub parameters: Parameters,
}

/// Rows that the step loaded into a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The name of the connection.
    pub connection: String,
    /// The name of the table.
    pub table: String,
    /// The columns that the rows fill.
    pub columns: Vec<String>,
    /// The loaded rows.
    pub rows: Vec<Vec<Value>>,
    /// Whether the step finished the load. The database keeps none of the rows of an unfinished load.
    pub finished: bool,
}

/// A connection to the fake database.
#[derive(Debug)]
pub struct Connection {
    name: String,
    dialect: String,
}

impl Connection {
    /// Opens a connection that the test names.
    ///
    /// # Errors
    /// [`Error::UnknownConnection`] for any other name.
    pub fn open(name: &str) -> Result<Self, Error> {
        let dialect = STATE.with_borrow(|state| state.host.connections.get(name).cloned());
        let dialect = dialect.ok_or_else(|| Error::UnknownConnection(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), dialect })
    }

    /// Returns the dialect that the test set.
    pub fn dialect(&self) -> String {
        self.dialect.clone()
    }

    /// Starts a statement that returns rows.
    ///
    /// # Errors
    /// The error set by the test.
    pub fn query(&self, statement: &str, parameters: &Parameters, _: u32) -> Result<Rows, Error> {
        match self.answer(statement, parameters.clone())? {
            Answer::Rows(columns, rows) => Ok(Rows { columns, left: RefCell::new(rows.into()) }),
            other => misfit("query", "Answer::Rows", statement, &other),
        }
    }

    /// Runs a statement that returns no rows.
    ///
    /// # Errors
    /// The error set by the test.
    pub fn execute(&self, statement: &str, parameters: &Parameters, _: u32) -> Result<u64, Error> {
        match self.answer(statement, parameters.clone())? {
            Answer::Changed(rows) => Ok(rows),
            other => misfit("execute", "Answer::Changed", statement, &other),
        }
    }

    /// Runs several statements.
    ///
    /// # Errors
    /// The error set by the test.
    pub fn script(&self, text: &str, _: u32) -> Result<ScriptReport, Error> {
        match self.answer(text, Parameters::Positional(Vec::new()))? {
            Answer::Script(report) => Ok(report),
            other => misfit("script", "Answer::Script", text, &other),
        }
    }

    /// Begins or ends a transaction and records it.
    ///
    /// # Errors
    /// None.
    pub fn transaction(&self, what: Transaction) -> Result<(), Error> {
        let text = match what {
            Transaction::Begin => "BEGIN",
            Transaction::Commit => "COMMIT",
            Transaction::Rollback => "ROLLBACK",
        };
        self.record(text, Parameters::Positional(Vec::new()));
        Ok(())
    }

    /// Starts a load whose rows are recorded.
    ///
    /// # Errors
    /// None.
    pub fn load(&self, table: &str, columns: &[String], _: u32) -> Result<Load, Error> {
        let loaded = Loaded {
            connection: self.name.clone(),
            table: table.to_owned(),
            columns: columns.to_vec(),
            rows: Vec::new(),
            finished: false,
        };
        let place = STATE.with_borrow_mut(|state| {
            state.loads.push(loaded);
            state.loads.len() - 1
        });
        Ok(Load { place })
    }

    fn record(&self, text: &str, parameters: Parameters) {
        let statement = Statement { connection: self.name.clone(), text: text.to_owned(), parameters };
        STATE.with_borrow_mut(|state| state.statements.push(statement));
    }

    fn answer(&self, text: &str, parameters: Parameters) -> Result<Answer, Error> {
        self.record(text, parameters);
        let expected = STATE.with_borrow_mut(|state| state.host.statements.pop_front());
        match expected {
            Some(expected) if expected.fits(&self.name, text) => expected.answer,
            Some(expected) => panic!(
                "the step ran a statement that the test does not expect:\n  {}: {text}\nthe next one that it expects is\n  {}: {}",
                self.name, expected.connection, expected.text
            ),
            None => panic!(
                "the step ran a statement that the test does not expect:\n  {}: {text}\nadd `.statement({:?}, {text:?}, Ok(...))` to the host of the test",
                self.name, self.name
            ),
        }
    }
}

fn misfit(call: &str, fits: &str, statement: &str, answer: &Answer) -> ! {
    panic!(
        "the step called `{call}` for `{statement}`, and the test answers with {answer:?}: give it an `{fits}`"
    )
}

/// A result whose rows are not all read yet.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<String>,
    left: RefCell<VecDeque<Vec<Value>>>,
}

impl Rows {
    /// Returns the columns. The fake database leaves the names of their types empty.
    pub fn columns(&self) -> Vec<Column> {
        let column = |name: &String| Column { name: name.clone(), type_name: String::new() };
        self.columns.iter().map(column).collect()
    }

    /// Returns the next rows, at most `max_rows`. An empty list marks the end.
    ///
    /// # Errors
    /// None.
    pub fn next(&self, max_rows: u32) -> Result<Vec<Vec<Value>>, Error> {
        let mut left = self.left.borrow_mut();
        let count = left.len().min(max_rows as usize);
        Ok(left.drain(..count).collect())
    }

    /// Returns the same rows by column.
    ///
    /// # Errors
    /// None.
    pub fn next_columns(&self, max_rows: u32) -> Result<Vec<ColumnBatch>, Error> {
        let rows = self.next(max_rows)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut columns = vec![Vec::with_capacity(rows.len()); self.columns.len()];
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let batch = |values: Vec<Value>| ColumnBatch {
            nulls: values.iter().map(|value| matches!(value, Value::Null)).collect(),
            values: ColumnValues::Others(values),
        };
        Ok(columns.into_iter().map(batch).collect())
    }
}

/// An open load of rows into a table.
#[derive(Debug)]
pub struct Load {
    place: usize,
}

impl Load {
    /// Adds rows.
    ///
    /// # Errors
    /// None.
    pub fn write(&self, rows: &[Vec<Value>]) -> Result<(), Error> {
        STATE.with_borrow_mut(|state| {
            if let Some(loaded) = state.loads.get_mut(self.place) {
                loaded.rows.extend_from_slice(rows);
            }
        });
        Ok(())
    }

    /// Completes the load and returns the number of rows.
    ///
    /// # Errors
    /// None.
    pub fn finish(load: Self) -> Result<u64, Error> {
        Ok(STATE.with_borrow_mut(|state| {
            state.loads.get_mut(load.place).map_or(0, |loaded| {
                loaded.finished = true;
                loaded.rows.len() as u64
            })
        }))
    }
}
