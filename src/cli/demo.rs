//! `sudare demo`: a sample CRM and the gateway in front of it, on loopback, with nothing to set up.
//!
//! Everything it writes goes into one new folder: the configuration, the users and the rules that
//! are in force, so that whoever is curious can change them and see what happens.

use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use crate::cli::demo_text::{self, Lang, Places};
use crate::cli::serve::{self, log};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::config::gateway::Log;
use crate::policy::node::Source;
use crate::serve::run::{self, Started};
use crate::serve::sample::{self, Sample};

/// The rules of the demo, as they stand in `rules/demo.yaml`.
const RULES: &str = include_str!("../../rules/demo.yaml");

/// `sudare demo`
#[derive(Args)]
#[command(after_help = "Examples:\n  sudare demo\n  sudare demo --port 8090 --folder ./look")]
pub struct DemoArgs {
    /// The port on loopback where staff would connect; 0 takes any
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,
    /// The port of the sample CRM; 0 takes any
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    crm_port: u16,
    /// Where configuration, rules and ledger are written; a new temporary folder where it is left out
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &DemoArgs) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    let folder = match folder(args) {
        Ok(folder) => folder,
        Err(error) => return failed(&format!("no folder for the demo: {error}")),
    };
    log(&Log { level: "error", json: false });
    runtime.block_on(demo(args, &folder))
}

async fn demo(args: &DemoArgs, folder: &Path) -> u8 {
    let crm = match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.crm_port))).await {
        Ok(listener) => listener,
        Err(error) => return failed(&format!("port {} cannot be listened on: {error}", args.crm_port)),
    };
    let Ok(crm_address) = crm.local_addr() else { return failed("the sample CRM has no address") };
    let config = match write(folder, args.port, crm_address) {
        Ok(text) => text,
        Err(error) => return failed(&format!("`{}` cannot be written: {error}", folder.display())),
    };
    let source = Source { name: folder.join("gateway.yaml").display().to_string(), text: config };
    let config = match serve::parsed(source, folder) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let told = |started: &Started| tell(started, crm_address, folder);
    // The sample serves as long as the gateway runs; its future is dropped with it.
    let ended = tokio::select! {
        ended = run::run(config, told) => ended,
        crm = sample::http::serve(crm, Arc::new(Sample::new())) => return failed(&format!("the sample CRM ended: {crm:?}")),
    };
    match ended {
        Ok(()) => DONE,
        Err(error) => failed(&format!("{error}; `--port 0` takes any free port")),
    }
}

fn tell(started: &Started, crm: SocketAddr, folder: &Path) {
    let gateway = started.staff.first().map(|address| format!("http://{address}")).unwrap_or_default();
    let state = folder.join("state");
    let places = Places {
        gateway: &gateway,
        crm: &format!("http://{crm}"),
        ledger: &state.join("ledger").display().to_string(),
        verify: &format!("sudare ledger verify --state {}", state.display()),
    };
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print!("{}", demo_text::text(language(), &places, colour));
}

fn language() -> Lang {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let value = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default();
    if value.starts_with("ja") { Lang::Ja } else { Lang::En }
}

fn folder(args: &DemoArgs) -> std::io::Result<PathBuf> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("sudare-demo-{}", std::process::id())),
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder)
}

/// Writes the demo's files; gives the configuration's text.
fn write(folder: &Path, port: u16, crm: SocketAddr) -> std::io::Result<String> {
    let config = format!(
        "sudare: 1\nlisten: 127.0.0.1:{port}\nupstream: http://{crm}\nrules: [rules/]\nstate: state\nnode: demo\n\
         identity:\n  - basic: {{ users: users.yaml }}\nlog: {{ level: error, format: text }}\n"
    );
    std::fs::create_dir_all(folder.join("rules"))?;
    std::fs::write(folder.join("rules/demo.yaml"), RULES)?;
    std::fs::write(folder.join("users.yaml"), demo_text::USERS)?;
    std::fs::write(folder.join("gateway.yaml"), &config)?;
    Ok(config)
}

fn failed(why: &str) -> u8 {
    eprintln!("sudare: {why}");
    if why.contains("folder") { UNUSABLE } else { FAILED }
}
