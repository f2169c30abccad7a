//! The one error of the command line: a message, a `help:` line and an exit code.

use std::io;
use std::process::ExitCode;

use hypergraphql_models::ModelError;
use hypergraphql_runtime::RuntimeError;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The command ran and its result is bad: a verification that found differences, an output that cannot be written. Exit code 1.
    #[error("{message}")]
    Failed {
        /// What failed.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// Arguments that do not fit together, or input that cannot be read. Exit code 2.
    #[error("{message}")]
    Input {
        /// What is wrong, with file and line where there is one.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The device asked for cannot be used here. Exit code 3.
    #[error("{message}")]
    Device {
        /// What was asked for and what was looked for.
        message: String,
        /// What can be used instead.
        help: Option<String>,
    },
    /// The user pressed Ctrl-C. Exit code 130.
    #[error("interrupted")]
    Interrupted,
    /// The reader of stdout went away, as `head` does: silent success.
    #[error("the reader of the output has gone")]
    BrokenPipe,
}

impl CliError {
    /// A result that is bad.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: None }
    }

    /// Bad arguments or input.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input { message: message.into(), help: None }
    }

    /// The same error with a `help:` line.
    pub(crate) fn with_help(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Self::Failed { help, .. } | Self::Input { help, .. } | Self::Device { help, .. } => *help = Some(text.into()),
            Self::Interrupted | Self::BrokenPipe => {}
        }
        self
    }

    /// The exit code of this error.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Failed { .. } => 1,
            Self::Input { .. } => 2,
            Self::Device { .. } => 3,
            Self::Interrupted => 130,
        }
    }

    /// Prints the error and gives the exit code of the process.
    pub(crate) fn report(&self) -> ExitCode {
        if !matches!(self, Self::BrokenPipe) {
            eprintln!("error: {self}");
        }
        if let Self::Failed { help: Some(help), .. } | Self::Input { help: Some(help), .. } | Self::Device { help: Some(help), .. } = self {
            eprintln!("help: {help}");
        }
        ExitCode::from(self.code())
    }
}

/// Errors of stdout; errors of named files come as errors of the crate that read or wrote them.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::failed(format!("cannot write the output: {error}"))
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(io::ErrorKind::BrokenPipe) => Self::BrokenPipe,
            _ => Self::failed(format!("cannot write the output: {error}")),
        }
    }
}

/// What the framework refuses is input, whether it stands in a file or in an argument; a file that it cannot write is a failure.
impl From<hypergraphql_framework::Error> for CliError {
    fn from(error: hypergraphql_framework::Error) -> Self {
        use hypergraphql_framework::Error::{Io, Unsupported};
        let help = matches!(error, Unsupported { .. }).then(|| "`hgql convert --help` says what each format holds".to_owned());
        let message = error.to_string();
        match error {
            Io { action: "create" | "write" | "replace", .. } => Self::Failed { message, help },
            _ => Self::Input { message, help },
        }
    }
}

/// A training whose numbers ran away failed, as did a checkpoint that cannot be written; a precision that the device lacks is the
/// device's matter; everything else that the models refuse is input, in a file or in an option.
impl From<ModelError> for CliError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Unsupported(_) => {
                Self::Device { message: error.to_string(), help: Some("--precision f32 runs on every device".to_owned()) }
            }
            ModelError::Loss { .. } | ModelError::Gradient { .. } | ModelError::Op(_) => Self::failed(error.to_string()),
            ModelError::Write { .. } | ModelError::ManifestSize { .. } => Self::failed(error.to_string()),
            ModelError::Framework(error) => Self::from(error),
            other => Self::input(other.to_string()),
        }
    }
}

impl From<RuntimeError> for CliError {
    fn from(error: RuntimeError) -> Self {
        let help = error.help();
        let message = error.to_string();
        match error {
            RuntimeError::UnknownDevice { .. } => Self::Input { message, help },
            RuntimeError::Tuning { .. } | RuntimeError::Stale { .. } => Self::Failed { message, help },
            RuntimeError::Unusable { .. } => Self::Device { message, help },
        }
    }
}
