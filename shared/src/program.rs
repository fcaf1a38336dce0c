//! What the command lines of the programs have in common: a file of options.
//!
//! Of the same option in several places, the command line counts before the environment, and the
//! environment before the file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Command, Parser};
use thiserror::Error;

/// A program's options from the command line `args`, the environment, and the TOML file that `--config` names, if it
/// does.
///
/// # Errors
/// What is wrong with them, in sentences; or what `--help` and `--version` ask for. [`clap::Error::exit`] does what is
/// usual with it.
pub fn parse<P: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<P, clap::Error> {
    let mut command = P::command();
    let args = with_file(&command, args).map_err(|error| command.error(ErrorKind::Io, error))?;
    P::try_parse_from(args)
}

/// Why a file of options is of no use.
#[derive(Debug, Error)]
#[error("the configuration file {} can't be read: {reason}", file.display())]
struct FileError {
    file: PathBuf,
    reason: String,
}

/// The command line `args` of the program `command` with the options of the file put before its own. What the command
/// line has itself is left out of the file, and so is what the environment has: said twice, a number is an error to
/// clap, and a list grows.
fn with_file(
    command: &Command,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Vec<OsString>, FileError> {
    let mut args: Vec<_> = args.into_iter().collect();
    let Some(file) = named(&args) else { return Ok(args) };
    let wrong = |reason: String| FileError { file: file.clone(), reason };
    let text = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    // After the program's name and, if it has any, the command.
    let at = if command.has_subcommands() { args.len().min(2) } else { 1 };
    let command = args.get(1).and_then(|name| command.find_subcommand(name)).unwrap_or(command);
    let given = given(&args);
    let mut options = Vec::new();
    for (name, value) in table {
        let option = command.get_arguments().find(|option| option.get_long() == Some(&name));
        let environment = option.and_then(clap::Arg::get_env);
        let in_environment = environment.is_some_and(|variable| std::env::var_os(variable).is_some());
        if !in_environment && !given.contains(&name) {
            let none =
                || wrong(format!("`{name}` is neither text, a number, true, false nor a list of such"));
            options.extend(spelled(&name, &value).ok_or_else(none)?);
        }
    }
    args.splice(at..at, options);
    Ok(args)
}

/// The file that `--config` names.
fn named(args: &[OsString]) -> Option<PathBuf> {
    args.iter().enumerate().find_map(|(at, arg)| {
        let arg = arg.to_str()?;
        if arg == "--config" {
            args.get(at + 1).map(PathBuf::from)
        } else {
            arg.strip_prefix("--config=").map(PathBuf::from)
        }
    })
}

/// The names of the options that a command line has.
fn given(args: &[OsString]) -> BTreeSet<String> {
    let options = args.iter().skip(1).take_while(|arg| *arg != "--");
    let name = |arg: &OsString| {
        let arg = arg.to_string_lossy();
        let said = arg.strip_prefix("--")?;
        Some(said.split_once('=').map_or(said, |(name, _)| name).to_owned())
    };
    options.filter_map(name).collect()
}

/// An option as it stands on a command line; `None` if it can't stand there. What is false is not said.
fn spelled(name: &str, value: &toml::Value) -> Option<Option<OsString>> {
    Some(match value {
        toml::Value::Boolean(said) => said.then(|| format!("--{name}").into()),
        toml::Value::Array(items) => {
            let items = items.iter().map(word).collect::<Option<Vec<_>>>()?;
            Some(format!("--{name}={}", items.join(",")).into())
        }
        one => Some(format!("--{name}={}", word(one)?).into()),
    })
}

fn word(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use clap::Arg;

    use super::*;

    /// Any program: a number, a list, a switch.
    #[derive(Debug, Parser)]
    struct Options {
        #[arg(long)]
        config: PathBuf,
        #[arg(long, default_value_t = 10)]
        riders: u32,
        #[arg(long, value_delimiter = ',', default_value = "1")]
        classes: Vec<u8>,
        #[arg(long)]
        wait: bool,
    }

    fn file(text: &str) -> PathBuf {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("alleycat-options-{}-{number}.toml", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    fn with(text: &str, more: &[&str]) -> Result<Vec<String>, String> {
        let file = file(text);
        let run = Command::new("run").args([
            // Variables that are set, and not, wherever tests run.
            Arg::new("here").long("here").env("CARGO_MANIFEST_DIR"),
            Arg::new("away").long("away").env("ALLEYCAT_THAT_NOBODY_SETS"),
        ]);
        let config = format!("--config={}", file.display());
        let args = ["program", "run", &config].into_iter().chain(more.iter().copied());
        let told = with_file(&Command::new("program").subcommand(run), args.map(OsString::from));
        std::fs::remove_file(file).unwrap();
        let told = told.map_err(|error| error.to_string())?;
        Ok(told.into_iter().filter_map(|arg| arg.into_string().ok()).filter(|arg| *arg != config).collect())
    }

    #[test]
    fn options_of_the_file_come_before_those_of_the_command_line() {
        let text = "open = true\nshut = false\nlist = [\"a\", 1]\nrate = 0.5\naway = \"x\"\nhere = \"y\"";
        let told = with(text, &["--rated", "1"]).unwrap();
        assert_eq!(told[..2], ["program", "run"]);
        assert_eq!(told[told.len() - 2..], ["--rated", "1"]);
        let mut of_file = told[2..told.len() - 2].to_vec();
        of_file.sort();
        assert_eq!(of_file, ["--away=x", "--list=a,1", "--open", "--rate=0.5"], "the environment has `here`");
    }

    #[test]
    fn the_command_line_counts_in_place_of_the_file() {
        let file = file("riders = 100\nclasses = [1, 2]\nwait = true");
        let read = |more: &[&str]| {
            let args = [&["program", "--config", file.to_str().unwrap()], more].concat();
            let options: Options = parse(args.into_iter().map(OsString::from)).unwrap();
            assert_eq!(options.config, file);
            (options.riders, options.classes, options.wait)
        };
        assert_eq!(read(&[]), (100, vec![1, 2], true));
        assert_eq!(read(&["--riders", "50"]), (50, vec![1, 2], true));
        assert_eq!(read(&["--riders=50", "--classes", "3", "--wait"]), (50, vec![3], true));
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn what_a_file_can_not_say_is_said_in_a_sentence() {
        assert!(with("open = ", &[]).unwrap_err().contains("can't be read"));
        assert!(with("rate = [[1]]", &[]).unwrap_err().contains("`rate` is neither text"));
        let missing = with_file(&Command::new("p"), ["p", "run", "--config", "/nowhere"].map(OsString::from));
        assert!(missing.unwrap_err().to_string().contains("/nowhere can't be read"));
    }
}
