//! The program around the engine: command line, configuration files, log, process.
//!
//! ```text
//! arguments ─▶ config_file (json) ─▶ rotom_core::settings ─▶ startup ─▶ engine
//! ```
//!
//! [`startup::prepare`] turns the command line into [`startup::Startup`], from which `main` starts the engine.

pub mod allocator;
pub mod arguments;
pub mod banner;
pub mod check_aof;
pub mod code;
pub mod config_file;
pub mod crash;
pub mod json;
pub mod logging;
pub mod process;
pub mod serve;
pub mod startup;
pub mod tls;

#[cfg(test)]
mod scratch;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: allocator::Global = allocator::Global;
