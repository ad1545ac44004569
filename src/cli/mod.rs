//! The door for people: one file per command. stdout is data, stderr is talk.

mod args;
mod check;
mod dead;
mod demo;
mod door;
mod engine;
mod env;
mod exit;
mod explain;
mod init;
mod live;
mod log;
mod otlp;
mod out;
mod pause;
mod remote;
mod run;
mod sandbox;
mod schema;
mod serve;
mod settings;
mod settings_change;
mod settings_show;
mod setup;
mod setup_agree;
mod setup_ask;
mod setup_connect;
mod setup_needs;
mod status;
mod switch;
mod systemd;
mod test;
mod trace;
mod validate;
mod watch;
mod workspace;

use std::process::ExitCode;

use args::{Cli, Command};
pub use exit::Exit;
use otlp::Traces;
use out::Out;

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    let cli = match args::read() {
        Ok(cli) => cli,
        Err(error) => return args::refused(&error).into(),
    };
    let out = Out::new(cli.global.format);
    let runtime = match env::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = anyhow::Error::new(error).context("the process could not be set up");
            out.error(&error);
            return exit::of(&error).into();
        }
    };
    let traces = match Traces::to(env::collector().as_deref(), runtime.handle()) {
        Ok(traces) => traces,
        Err(error) => {
            out.error(&error);
            return Exit::Usage.into();
        }
    };
    env::logging(cli.global.log.as_deref(), cli.global.log_format(), &traces);
    if cli.global.format == args::Format::Junit && !matches!(cli.command, Command::Test(_)) {
        out.talk("error: only `syncline test` has results as `--format junit`");
        return Exit::Usage.into();
    }
    if let Err(error) = env::crash_points() {
        out.error(&error);
        return Exit::Usage.into();
    }
    let done = runtime.block_on(run(&cli, &out));
    traces.end();
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            out.error(&error);
            exit::of(&error).into()
        }
    }
}

async fn run(cli: &Cli, out: &Out) -> anyhow::Result<Exit> {
    let global = &cli.global;
    match &cli.command {
        Command::Demo(args) => demo::run(global, args, out).await,
        Command::Init(args) => init::run(args, out),
        Command::Validate => validate::run(global, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Schema(args) => schema::run(global, args, out),
        Command::Check(args) => check::run(global, args, out).await,
        Command::Settings(args) => settings::run(global, args, out).await,
        Command::Setup(args) => setup::run(global, args, out).await,
        Command::On(args) => switch::on(global, args, out).await,
        Command::Off(args) => switch::off(global, args, out).await,
        Command::Pause(args) => pause::run(global, args, pause::Turn::Pause, out).await,
        Command::Resume(args) => pause::run(global, args, pause::Turn::Resume, out).await,
        Command::Read(args) => pause::read(global, args, out).await,
        Command::Reload(args) => pause::reload(global, args, out).await,
        Command::Run(args) => run::run(global, args, out).await,
        Command::Serve(args) => serve::run(global, args, out).await,
        Command::Status(args) => status::run(global, args, out).await,
        Command::Dead(args) => dead::run(global, args, out).await,
        Command::Trace(args) => trace::run(global, args, out).await,
        Command::Test(args) => test::run(global, args, out).await,
        Command::Sandbox(args) => sandbox::run(args, out).await,
    }
}
