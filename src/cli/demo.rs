//! `sudare demo`: a sample CRM and the gateway in front of it, on loopback, with nothing to set up.
//!
//! Everything it writes goes into one new folder: the configuration, the users and the rules that
//! are in force, so that whoever is curious can change them and see what happens.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cli::demo_text::{self, Places};
use crate::cli::say::{Lang, coloured, complain, ended, phrase, texts};
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
pub fn run(args: &DemoArgs, lang: Lang) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(lang, &texts::NO_RUNTIME.with(lang, &[("error", &error)])),
    };
    let folder = match folder(args) {
        Ok(folder) => folder,
        Err(error) => {
            complain(lang, &texts::DEMO_NO_FOLDER.with(lang, &[("error", &error)]));
            return UNUSABLE;
        }
    };
    log(&Log { level: "error", json: false });
    runtime.block_on(demo(args, &folder, lang))
}

async fn demo(args: &DemoArgs, folder: &Path, lang: Lang) -> u8 {
    let crm = match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.crm_port))).await {
        Ok(listener) => listener,
        Err(error) => {
            return failed(lang, &texts::NO_PORT.with(lang, &[("port", &args.crm_port), ("error", &error)]));
        }
    };
    let Ok(crm_address) = crm.local_addr() else { return failed(lang, texts::NO_CRM_ADDRESS.of(lang)) };
    let config = match write(folder, args.port, crm_address) {
        Ok(text) => text,
        Err(error) => {
            return failed(lang, &texts::CANNOT_WRITE.with(lang, &[("path", &folder.display()), ("error", &error)]));
        }
    };
    let source = Source { name: folder.join("gateway.yaml").display().to_string(), text: config };
    let config = match serve::parsed(source, folder, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let (unwritten, written) = oneshot::channel();
    let told = |started: &Started| {
        if let Err(error) = tell(started, crm_address, folder, lang) {
            // Whoever waits for it has ended with it.
            let _ = unwritten.send(error);
        }
    };
    // The sample serves as long as the gateway runs; its future is dropped with it.
    let outcome = tokio::select! {
        outcome = run::run(config, told) => outcome,
        crm = sample::http::serve(crm, Arc::new(Sample::new())) => {
            return failed(lang, &texts::CRM_ENDED.with(lang, &[("error", &format!("{crm:?}"))]));
        }
        // Without its first screen nobody knows where the demo is; whoever closed the pipe has read it.
        Ok(error) = written => return ended(Err(error), DONE, lang),
    };
    match outcome {
        Ok(()) => DONE,
        Err(error) => {
            let error = phrase(lang, &error.to_string()).into_owned();
            failed(lang, &texts::ANY_PORT.with(lang, &[("error", &error)]))
        }
    }
}

/// Prints the first screen. Whoever closed the pipe has read enough.
fn tell(started: &Started, crm: SocketAddr, folder: &Path, lang: Lang) -> std::io::Result<()> {
    let gateway = started.staff.first().map(|address| format!("http://{address}")).unwrap_or_default();
    let state = folder.join("state");
    let places = Places {
        gateway: &gateway,
        crm: &format!("http://{crm}"),
        ledger: &state.join("ledger").display().to_string(),
        verify: &format!("sudare ledger verify --state {}", state.display()),
    };
    let mut stdout = std::io::stdout().lock();
    let text = demo_text::text(lang, &places, coloured(&stdout));
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
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

fn failed(lang: Lang, why: &str) -> u8 {
    complain(lang, why);
    FAILED
}
