//! The key ring under a key that wraps it elsewhere: what a running gateway and `sudare keys` make of it.

#[cfg(feature = "aws-kms")]
mod aws_kms;
mod pkcs11;
mod transit;

use std::path::Path;
use std::process::{Command, Output};

use super::client::Answer;
use super::origin::Origin;
use super::running::{Running, Setup, Start};

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
resources:
  - { id: customer, match: "GET /api/customers/{id}", subject: path.id, fields: { phone: [tel] } }
rules:
  - { for: support, tokenize: { phone: opaque } }
"#;

fn crm() -> Origin {
    Origin::start(|_| Answer::new(200, "application/json", r#"{"id":42,"tel":"090-1234-5678"}"#))
}

/// A gateway with this line under `keys:`, whose processes know these variables.
fn gateway(crm: &Origin, line: &str, variables: &[(&'static str, String)]) -> Running {
    let (config, variables) = (format!("keys: {{ {line} }}"), variables.to_vec());
    let start: Start = Box::new(move |path: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
        command.args(["serve", "-c"]).arg(path).envs(variables.clone());
        command
    });
    Running::set_up_by(crm.address, Setup { rules: RULES, config: &config, ..Setup::default() }, start)
}

/// `sudare keys` for that gateway; what it says never holds the secret.
fn keys(gateway: &Running, line: &[&str], variables: &[(&'static str, String)], secret: &str) -> Output {
    let config = gateway.state().with_file_name("gateway.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.args(["keys", line[0], "-c"]).arg(config).args(&line[1..]).envs(variables.iter().cloned());
    let output = command.output().expect("sudare runs");
    assert!(!said(&output).contains(secret), "{}", said(&output));
    output
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What staff gets.
fn seen(gateway: &Running) -> String {
    let answer = gateway.get("/api/customers/42", "tanaka", "crm-support");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}
