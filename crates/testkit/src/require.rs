//! What a test needs from the machine, and one honest line when it is not there.
//!
//! The test harness swallows what a passing test prints, so a skip is written to standard error itself. `COUNTERSIGN_REQUIRE`, a list of
//! names separated by commas, turns the skip of a named thing into a failure.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// The variable that turns skips into failures, for example `age,ssh-keygen,data`.
pub const REQUIRE: &str = "COUNTERSIGN_REQUIRE";

/// The installed program of this name, or `None` after saying on standard error that the calling test is skipped.
///
/// # Panics
/// When `COUNTERSIGN_REQUIRE` names the program and it is not installed.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let found = find_program(name);
    if found.is_none() {
        missing(name, &format!("the program `{name}` is not installed"));
    }
    found
}

/// The installed program of this name, silently: for output fields that say `"not installed"`.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The installed `python3`, if it can import this module, or `None` after saying on standard error that the calling test is skipped.
///
/// # Panics
/// When `COUNTERSIGN_REQUIRE` names the module and it cannot be imported.
#[must_use]
pub fn python_module(name: &str) -> Option<PathBuf> {
    let found = find_python_module(name);
    if found.is_none() {
        missing(name, &format!("`python3` with the module `{name}` is not installed"));
    }
    found
}

fn find_python_module(name: &str) -> Option<PathBuf> {
    let import = format!("import {name}");
    find_program("python3").filter(|python| {
        let output = Command::new(python).args(["-c", &import]).stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    })
}

/// Where Debian's packages of Go libraries keep their sources.
pub const GO_PATH: &str = "/usr/share/gocode";

/// The installed `go`, if the sources of this library lie under [`GO_PATH`], or `None` after saying on standard error that the calling
/// test is skipped.
///
/// # Panics
/// When `COUNTERSIGN_REQUIRE` names the library and it, or `go`, is not installed.
#[must_use]
pub fn go_library(path: &str) -> Option<PathBuf> {
    let found = find_program("go").filter(|_| Path::new(GO_PATH).join("src").join(path).is_dir());
    if found.is_none() {
        missing(path, &format!("`go` with the library `{path}` under {GO_PATH} is not installed"));
    }
    found
}

/// The folder of public data beside the checkout (`../shared/data`), or `None` after saying that the calling test is skipped.
///
/// # Panics
/// When `COUNTERSIGN_REQUIRE` names `data` and the folder is not there.
#[must_use]
pub fn data() -> Option<PathBuf> {
    let found = find_data();
    if found.is_none() {
        missing("data", "the folder `../shared/data` is not there");
    }
    found
}

fn find_data() -> Option<PathBuf> {
    Some(workspace_root().parent()?.join("shared/data")).filter(|folder| folder.is_dir())
}

/// The root of the workspace that this test was built from.
#[must_use]
pub fn workspace_root() -> &'static Path {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HERE).ancestors().nth(2).expect("the crate lies two folders below the root")
}

fn missing(name: &str, what: &str) {
    let required = env::var(REQUIRE).is_ok_and(|list| names(&list, name));
    assert!(!required, "{what}, and {REQUIRE} asks for it");
    let thread = thread::current();
    let line = format!("skipped {}: {what}\n", thread.name().unwrap_or("a test"));
    // A closed standard error must not fail a test that has nothing to say.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

fn names(list: &str, name: &str) -> bool {
    list.split(',').any(|entry| entry.trim() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_or_not() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-anywhere").is_none());
        assert!(find_python_module("no_such_module_anywhere").is_none());
        assert_eq!(find_python_module("sys"), find_program("python3"));
        assert!(workspace_root().join("Cargo.toml").is_file());
    }

    #[test]
    fn the_list_is_read_by_whole_names() {
        assert!(names("age, ssh-keygen,data", "ssh-keygen"));
        assert!(!names("ssh-keygen", "ssh"));
        assert!(!names("", "age"));
    }
}
