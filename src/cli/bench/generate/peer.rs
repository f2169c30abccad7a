//! Python's transformers on the same folder, in a process that waits between its turns.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::GenerateBenchArgs;
use super::timing::Run;
use crate::cli::error::CliError;

const SCRIPT: &str = include_str!("../../../../benches/peers/generate.py");

/// The process; it ends when its input does.
pub(super) struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    name: String,
}

/// What it says of itself.
#[derive(Deserialize)]
struct Hello {
    name: String,
}

#[derive(Serialize)]
struct Request<'a> {
    prompts: &'a [Vec<u32>],
    new: usize,
}

#[derive(Deserialize)]
struct Reply {
    prefill: f64,
    decode: f64,
    tokens: Vec<Vec<u32>>,
}

impl Peer {
    /// Starts it and waits until it has read the model.
    pub(super) fn start(python: &Path, folder: &Path, args: &GenerateBenchArgs) -> Result<Self, CliError> {
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).arg(folder).args(["--dtype", args.precision.name()]);
        command.args(["--device", if args.device.device.to_string().starts_with("cuda") { "cuda" } else { "cpu" }]);
        command.args(["--threads", &rayon::current_num_threads().to_string()]);
        command.env("HF_HUB_OFFLINE", "1").env("TRANSFORMERS_VERBOSITY", "error").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let help = "--peer takes the path of a Python, .venv/bin/python say";
            CliError::input(format!("--peer {}: cannot start: {error}", python.display())).with_help(help)
        })?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let from = BufReader::new(from.expect("stdout is piped; else it is a bug"));
        let mut peer = Self { child, to, from, name: String::new() };
        peer.name = peer.reply::<Hello>()?.name;
        Ok(peer)
    }

    /// Its name and versions.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its turn.
    pub(super) fn run(&mut self, prompts: &[Vec<u32>], new: usize) -> Result<Run, CliError> {
        let mut request = serde_json::to_vec(&Request { prompts, new })?;
        request.push(b'\n');
        let sent = self.to.as_mut().map_or(Ok(()), |to| to.write_all(&request).and_then(|()| to.flush()));
        sent.map_err(|error| gone(&error.to_string()))?;
        let Reply { prefill, decode, tokens } = self.reply()?;
        Ok(Run { prefill, decode, tokens })
    }

    fn reply<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T, CliError> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(0) => Err(gone("it ended")),
            Ok(_) => serde_json::from_str(&line).map_err(|error| gone(&format!("it said {:?}: {error}", line.trim_end()))),
            Err(error) => Err(gone(&error.to_string())),
        }
    }
}

fn gone(why: &str) -> CliError {
    CliError::failed(format!("the peer gave no times: {why}")).with_help("it needs torch and transformers: pip install torch transformers")
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.to = None;
        // It ends by itself; if it does not, nothing is lost with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
