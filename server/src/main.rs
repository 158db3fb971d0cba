//! The `rotom-server` program.

use rotom_server::arguments::{self, Command, Sources};
use rotom_server::{allocator, check_aof, code};
use rotom_server::{serve, startup};
use std::io::{Write, stdin, stdout};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::Global = allocator::Global;

fn main() -> ExitCode {
    allocator::spread_work();
    allocator::own();
    let mut arguments = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_else(|| "rotom-server".into());
    let arguments: Vec<String> = arguments.collect();
    match arguments::parse(&arguments) {
        Command::Version => print(&arguments::version_text()),
        Command::Help => print(arguments::HELP),
        Command::CheckAof(check) => check_aof::run(&check),
        Command::Serve(sources) => serve(&program, &sources),
    }
}

fn serve(program: &str, sources: &Sources) -> ExitCode {
    let startup = match startup::prepare(sources, &mut stdin()) {
        Ok(startup) => startup,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    code::bring_into_memory();
    match serve::run(program, sources.any, startup) {
        Ok(code) => code,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> ExitCode {
    match writeln!(stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
