//! What can be typed.

mod play;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::exit::Exit;
use super::out::Out;
pub(super) use play::{DemoArgs, Faults, SandboxArgs, Story};

/// Keeps the records of two web APIs in step, as said in YAML files.
#[derive(Debug, Parser)]
#[command(
    name = "syncline",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// The folder that holds syncline.yaml.
    #[arg(
        long,
        global = true,
        env = "SYNCLINE_WORKSPACE",
        default_value = "pipelines",
        value_name = "DIR"
    )]
    pub(super) workspace: PathBuf,
    /// The file of the store, in place of the one in syncline.yaml.
    #[arg(long, global = true, env = "SYNCLINE_STORE", value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
    /// How results are printed.
    #[arg(long, global = true, env = "SYNCLINE_FORMAT", value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// What is logged to stderr: error, warn, info, debug, or a filter such as `syncline=debug`.
    #[arg(long, global = true, env = "SYNCLINE_LOG", value_name = "FILTER")]
    pub(super) log: Option<String>,
    /// How it is logged; as JSON where results are JSON, unless this says otherwise.
    #[arg(
        long,
        global = true,
        env = "SYNCLINE_LOG_FORMAT",
        value_enum,
        value_name = "FORMAT"
    )]
    pub(super) log_format: Option<LogFormat>,
}

impl Global {
    /// How log lines are written.
    pub(super) fn log_format(&self) -> LogFormat {
        self.log_format.unwrap_or(match self.format {
            Format::Human | Format::Junit => LogFormat::Text,
            Format::Json => LogFormat::Json,
        })
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object per line.
    Json,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// `JUnit` XML, for build servers: of `test` alone.
    Junit,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows everything at once, offline: both simulators, and work orders becoming bookings and jobs.
    Demo(DemoArgs),
    /// Writes a workspace to start from: the shipped pipelines with the sandbox tenant.
    Init(InitArgs),
    /// Checks every file of the workspace and reports all mistakes at once.
    Validate,
    /// Explains a code that `validate` printed.
    Explain(ExplainArgs),
    /// Runs the cases of pipelines, without a network.
    Test(TestArgs),
    /// Prints the JSON Schema of a kind of document.
    Schema(SchemaArgs),
    /// Proves a tenant's credentials, requirements and chosen values.
    Check(TenantArgs),
    /// Shows every setting of a tenant with where its value comes from; changes them in the tenant's file.
    Settings(SettingsArgs),
    /// Walks through what it takes to turn a tenant's integration on: agreement, accounts, settings.
    Setup(SetupArgs),
    /// Turns a tenant's integration on.
    On(OnArgs),
    /// Turns a tenant's integration off; nothing is read or written after it returns.
    Off(OffArgs),
    /// Pauses a tenant, one of its pipelines, or everything, until it is resumed.
    Pause(PauseArgs),
    /// Lets go on what was paused.
    Resume(PauseArgs),
    /// Has the daemon read a pipeline's source now.
    Read(ReadArgs),
    /// Has the daemon read files and secrets anew; says what is wrong with them.
    Reload(ReloadArgs),
    /// Reads every source once, works every record, and ends.
    Run(RunArgs),
    /// Runs every tenant that is on and awaits webhooks, until Ctrl-C or SIGTERM.
    Serve(ServeArgs),
    /// Says where every pipeline stands and what waits, with its reason.
    Status(StatusArgs),
    /// Lists, shows and finishes records that were given up.
    Dead(DeadArgs),
    /// Shows what happened to a record, found by the id of either side.
    Trace(TraceArgs),
    /// Runs the two simulators alone.
    Sandbox(SandboxArgs),
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where webhooks are awaited, in place of the address in syncline.yaml.
    #[arg(long, env = "SYNCLINE_HOOKS", value_name = "ADDR")]
    pub(super) hooks: Option<SocketAddr>,
    /// Where the console and the API are, in place of the address in syncline.yaml.
    #[arg(long, env = "SYNCLINE_ADMIN", value_name = "ADDR")]
    pub(super) admin: Option<SocketAddr>,
    /// How long what was begun may take to end when it is told to stop.
    #[arg(
        long,
        env = "SYNCLINE_DRAIN",
        default_value = "30s",
        value_parser = humantime::parse_duration,
        value_name = "TIME"
    )]
    pub(super) drain: std::time::Duration,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to make.
    #[arg(default_value = "pipelines", value_name = "DIR")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code, such as `unknown-field`; without it, all codes.
    #[arg(value_name = "CODE")]
    pub(super) code: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Files or folders of the workspace; all when none is given.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Runs only the cases whose `test / case` matches.
    #[arg(long, env = "SYNCLINE_TEST_RUN", value_name = "REGEX")]
    pub(super) run: Option<String>,
    /// Says which steps, rows of maps and handlers no case met.
    #[arg(long, env = "SYNCLINE_TEST_COVERAGE")]
    pub(super) coverage: bool,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// runtime, connector, integration, pipeline, map, routine, tenant, test; or the name of an integration, for its tenants.
    #[arg(value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// 2020-12, or 07 for older editors.
    #[arg(long, env = "SYNCLINE_SCHEMA_DRAFT", value_enum, default_value_t = Draft::Draft2020)]
    pub(super) draft: Draft,
    /// Writes all schemas into this folder, and each integration's tenant schema beside its integration.yaml.
    #[arg(
        long,
        env = "SYNCLINE_SCHEMA_WRITE",
        value_name = "DIR",
        conflicts_with = "kind"
    )]
    pub(super) write: Option<PathBuf>,
}

/// A draft of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Draft {
    /// 2020-12.
    #[value(name = "2020-12")]
    Draft2020,
    /// Draft 07.
    #[value(name = "07")]
    Draft07,
}

#[derive(Debug, Args)]
pub(super) struct TenantArgs {
    /// The tenant's name.
    #[arg(value_name = "TENANT")]
    pub(super) tenant: String,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct SettingsArgs {
    #[command(subcommand)]
    pub(super) what: Option<SettingsCommand>,
    /// The tenant's name.
    #[arg(value_name = "TENANT", required = true)]
    pub(super) tenant: Option<String>,
    /// What holds for this subject, by its key.
    #[arg(long, env = "SYNCLINE_SUBJECT", value_name = "SUBJECT")]
    pub(super) subject: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum SettingsCommand {
    /// Chooses values. Nothing is written when the workspace would not be valid with them.
    Set {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// The setting and its value; GROUP.FIELD.ROW=TARGET for one row of a map.
        #[arg(value_name = "GROUP.FIELD=VALUE", required = true)]
        values: Vec<String>,
        /// For this subject only.
        #[arg(long, env = "SYNCLINE_SUBJECT", value_name = "SUBJECT")]
        subject: Option<String>,
    },
    /// Takes choices back, so that the default holds; with `--subject`, what holds for all.
    Unset {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// The setting; GROUP.FIELD.ROW for one row of a map.
        #[arg(value_name = "GROUP.FIELD", required = true)]
        keys: Vec<String>,
        /// For this subject only.
        #[arg(long, env = "SYNCLINE_SUBJECT", value_name = "SUBJECT")]
        subject: Option<String>,
    },
    /// Takes back everything that a subject has otherwise.
    Restore {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// The subject, by its key.
        #[arg(long, env = "SYNCLINE_SUBJECT", value_name = "SUBJECT")]
        subject: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct SetupArgs {
    /// The tenant's name; its file is made when there is none.
    #[arg(value_name = "TENANT")]
    pub(super) tenant: String,
    /// One step alone, to come back to it.
    #[arg(long, env = "SYNCLINE_SETUP_STEP", value_enum)]
    pub(super) step: Option<SetupStep>,
    /// Of a new tenant: its integration.
    #[arg(long, env = "SYNCLINE_SETUP_INTEGRATION", value_name = "NAME")]
    pub(super) integration: Option<String>,
    /// Of a new tenant: what people call it.
    #[arg(long, env = "SYNCLINE_SETUP_TITLE", value_name = "TITLE")]
    pub(super) title: Option<String>,
    /// Accepts this version of the agreement.
    #[arg(long, env = "SYNCLINE_AGREE", value_name = "VERSION")]
    pub(super) agree: Option<String>,
    /// A value of an account.
    #[arg(long, env = "SYNCLINE_SETUP_SET", value_name = "ACCOUNT.PARAM=VALUE")]
    pub(super) set: Vec<String>,
    /// A secret of an account from a file, or from standard input with `-`; NAME is ACCOUNT.PARAM or the secret's name.
    #[arg(long, env = "SYNCLINE_SETUP_SECRET", value_name = "NAME=@FILE")]
    pub(super) secret: Vec<String>,
    /// Turns the integration on without asking.
    #[arg(long, env = "SYNCLINE_SETUP_YES")]
    pub(super) yes: bool,
    /// Who does it, for the audit log.
    #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
    pub(super) by: Option<String>,
}

/// A step of `setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SetupStep {
    /// The agreement.
    Agree,
    /// The accounts with their credentials.
    Connect,
    /// A review of the settings.
    Settings,
    /// Turning it on.
    On,
}

#[derive(Debug, Args)]
pub(super) struct OnArgs {
    /// The tenant's name.
    #[arg(value_name = "TENANT")]
    pub(super) tenant: String,
    /// Accepts this version of the agreement.
    #[arg(long, env = "SYNCLINE_AGREE", value_name = "VERSION")]
    pub(super) agree: Option<String>,
    /// Who turns it on, for the audit log.
    #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct OffArgs {
    /// The tenant's name.
    #[arg(value_name = "TENANT")]
    pub(super) tenant: String,
    /// Who turns it off, for the audit log.
    #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    /// TENANT or TENANT/PIPELINE.
    #[arg(value_name = "TENANT[/PIPELINE]", required_unless_present = "all")]
    pub(super) what: Option<String>,
    /// Everything.
    #[arg(long, env = "SYNCLINE_PAUSE_ALL", conflicts_with = "what")]
    pub(super) all: bool,
    /// Who asks, for the audit log.
    #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    /// The pipeline.
    #[arg(value_name = "TENANT/PIPELINE")]
    pub(super) what: String,
    /// Who asks, for the audit log.
    #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ReloadArgs {
    /// Who asks, for the audit log.
    #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// TENANT or TENANT/PIPELINE; every tenant that is on when absent.
    #[arg(value_name = "TENANT[/PIPELINE]")]
    pub(super) what: Vec<String>,
    /// Keep on running by the pipelines' triggers until Ctrl-C.
    #[arg(long, env = "SYNCLINE_RUN_FOLLOW")]
    pub(super) follow: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The tenant's name; all tenants when absent.
    #[arg(value_name = "TENANT")]
    pub(super) tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct DeadArgs {
    #[command(subcommand)]
    pub(super) what: DeadCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// Lists records that were given up, grouped by cause.
    List {
        /// Of this tenant only.
        #[arg(value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Shows one with its payload, request, reply and the YAML line that asked.
    Show {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// The record's key.
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Works them again, on the latest version.
    Retry {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// The record's key.
        #[arg(value_name = "KEY", required_unless_present_any = ["cause", "all"], conflicts_with_all = ["cause", "all"])]
        key: Option<String>,
        /// All of this cause.
        #[arg(
            long,
            env = "SYNCLINE_DEAD_CAUSE",
            value_name = "CAUSE",
            conflicts_with = "all"
        )]
        cause: Option<String>,
        /// All.
        #[arg(long, env = "SYNCLINE_DEAD_ALL")]
        all: bool,
        /// Who asks, for the audit log.
        #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
        by: Option<String>,
    },
    /// Says what a record became on the other side.
    Resolve {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// The record's key.
        #[arg(value_name = "KEY")]
        key: String,
        /// The kind of link.
        #[arg(long, env = "SYNCLINE_DEAD_ENTITY", value_name = "ENTITY")]
        entity: String,
        /// The id on the other side.
        #[arg(long, env = "SYNCLINE_DEAD_ID", value_name = "ID")]
        id: String,
        /// Who says so, for the audit log.
        #[arg(long, env = "SYNCLINE_BY", value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// The key or id of either side.
    #[arg(value_name = "KEY")]
    pub(super) key: String,
    /// Of this tenant only.
    #[arg(long, env = "SYNCLINE_TENANT", value_name = "TENANT")]
    pub(super) tenant: Option<String>,
}

/// Reads the command line. Help names the variable of each flag, not what is in it now.
pub(super) fn read() -> Result<Cli, clap::Error> {
    let matches = without_values(Cli::command()).try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

fn without_values(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| arg.hide_env_values(true))
        .mut_subcommands(without_values)
}

/// What could not be understood, or what was asked for instead of a command: help, version.
pub(super) fn refused(error: &clap::Error) -> Exit {
    use clap::error::ErrorKind;
    let out = Out::new(Format::Human);
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        out.data(&error.render().to_string());
        Exit::Fine
    } else {
        out.talk(&error.render().to_string());
        Exit::Usage
    }
}
