//! Divides the work of a query: several steps read a part of one input each and compute what the query needs
//! of it, and another step puts their results together.

pub mod cut;
pub mod mark;
pub mod merge;
mod obstacle;
pub mod part;
mod partial;
