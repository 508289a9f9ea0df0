//! `stepwell:sql/engines` of the fake host, which offers no Spark.

pub use crate::bindings::stepwell::sql::engines::{Engine, Offer, Spark};

pub fn offered() -> Offer {
    Offer { local: true, spark: None }
}

pub fn locate(_: &str) -> Option<String> {
    None
}

pub fn used(_: Engine, _: bool) {}
