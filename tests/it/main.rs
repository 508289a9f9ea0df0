//! The integration tests: the sandbox with its hostile guest, runs on every store, and the command.

mod api;
mod architecture;
mod azure_devops;
mod builtins;
mod canary;
mod cli;
mod cluster;
mod connections;
mod databases;
mod file_operation;
mod file_threats;
mod http_step;
mod http_threats;
mod mssql;
mod operations;
mod powershell;
mod probe;
mod process;
mod recovery;
mod server;
mod service;
mod simulation;
mod stores;
mod support;
mod teams;
