//! Makes the database of the example from its CSV files: `make-shop-db DIRECTORY`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, params_from_iter};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    let path = dir.join("shop.db");
    if path.exists() {
        fs::remove_file(&path)?;
    }
    let mut database = Connection::open(&path)?;
    database.execute_batch(&fs::read_to_string(dir.join("schema.sql"))?)?;
    let transaction = database.transaction()?;
    for table in ["customers", "orders"] {
        // The example's files are simple: no field is quoted.
        let text = fs::read_to_string(dir.join("data").join(format!("{table}.csv")))?;
        let mut lines = text.lines();
        let columns = lines.next().unwrap_or_default();
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO {table} ({columns}) VALUES ({marks})"))?;
        for line in lines {
            insert.execute(params_from_iter(line.split(',')))?;
        }
    }
    transaction.commit()?;
    println!("made {}", path.display());
    Ok(())
}
