//! What requests to a bucket are signed with: from the environment, or from a file that the environment names; never from the
//! configuration, which is copied and shown.

use crate::files;
use anyhow::{Context, Result, bail};
use countersign_log::S3Credentials;
use std::collections::BTreeMap;
use std::path::Path;

const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";
const FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
const PROFILE: &str = "AWS_PROFILE";

/// The credentials of this process.
pub(super) fn find() -> Result<S3Credentials> {
    from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn from(variable: impl Fn(&str) -> Option<String>) -> Result<S3Credentials> {
    match (variable(KEY_ID), variable(SECRET), variable(FILE)) {
        (Some(key_id), Some(secret), _) => Ok(S3Credentials { key_id, secret, token: variable(TOKEN) }),
        (Some(_), None, _) => bail!("{KEY_ID} is set and {SECRET} is not"),
        (None, Some(_), _) => bail!("{SECRET} is set and {KEY_ID} is not"),
        (None, None, Some(file)) => {
            let text = files::read_text(Path::new(&file), 64 * 1024)?;
            let profile = variable(PROFILE).unwrap_or_else(|| "default".to_owned());
            in_profile(&text, &profile).with_context(|| format!("profile `{profile}` in {file}"))
        }
        (None, None, None) => bail!(
            "the log's tiles are in a bucket and there are no credentials for it: set {KEY_ID} and {SECRET}, or {FILE} to \
             the path of a file that holds them"
        ),
    }
}

/// Reads one profile of the file that Amazon's own tools read: `[name]`, then lines `key = value`.
fn in_profile(text: &str, profile: &str) -> Result<S3Credentials> {
    let (mut inside, mut found) = (false, BTreeMap::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            inside = name.strip_suffix(']').map(str::trim) == Some(profile);
        } else if inside {
            // The line is not shown: it may be a secret.
            let (key, value) = line.split_once('=').with_context(|| format!("line {number} is not `key = value`"))?;
            if found.insert(key.trim(), value.trim()).is_some() {
                bail!("line {number}: `{}` stands there twice", key.trim());
            }
        }
    }
    let of = |key: &str| found.get(key).filter(|value| !value.is_empty()).map(|value| (*value).to_owned());
    Ok(S3Credentials {
        key_id: of("aws_access_key_id").context("there is no `aws_access_key_id`")?,
        secret: of("aws_secret_access_key").context("there is no `aws_secret_access_key`")?,
        token: of("aws_session_token"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<S3Credentials> {
        from(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_comes_first_and_is_whole() {
        let found = with(&[(KEY_ID, "id"), (SECRET, "secret"), (FILE, "/nowhere")]).unwrap();
        assert_eq!((found.key_id.as_str(), found.secret.as_str(), found.token), ("id", "secret", None));
        let found = with(&[(KEY_ID, "id"), (SECRET, "secret"), (TOKEN, "token")]).unwrap();
        assert_eq!(found.token.as_deref(), Some("token"));
        for some in [&[(KEY_ID, "id")][..], &[(SECRET, "secret")], &[(KEY_ID, "id"), (FILE, "/nowhere")], &[]] {
            let error = with(some).unwrap_err().to_string();
            assert!(error.contains(KEY_ID) && error.contains(SECRET) && !error.contains("`secret`"), "{error}");
        }
        assert!(with(&[(FILE, "/nowhere")]).unwrap_err().to_string().contains("/nowhere"));
    }

    #[test]
    fn a_profile_of_a_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        std::fs::write(
            &file,
            "# a comment\n[default]\naws_access_key_id = id1\naws_secret_access_key=se=cret1\n\n\
             [ log ]\naws_secret_access_key = secret2\naws_access_key_id = id2\naws_session_token = token2\nregion = xa\n",
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let found = with(&[(FILE, file)]).unwrap();
        assert_eq!((found.key_id.as_str(), found.secret.as_str(), found.token), ("id1", "se=cret1", None));
        let found = with(&[(FILE, file), (PROFILE, "log")]).unwrap();
        assert_eq!((found.key_id.as_str(), found.secret.as_str()), ("id2", "secret2"));
        assert_eq!(found.token.as_deref(), Some("token2"));
        let error = format!("{:#}", with(&[(FILE, file), (PROFILE, "other")]).unwrap_err());
        assert!(error.contains("`other`") && error.contains("aws_access_key_id"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_and_its_secrets_are_not_shown() {
        for bad in [
            "",
            "aws_access_key_id = A\naws_secret_access_key = SECRET",
            "[default\naws_access_key_id = A\naws_secret_access_key = SECRET",
            "[default]\naws_access_key_id = A",
            "[default]\naws_access_key_id =\naws_secret_access_key = SECRET",
            "[default]\naws_access_key_id = A\naws_secret_access_key SECRET",
            "[default]\naws_access_key_id = A\naws_access_key_id = B\naws_secret_access_key = SECRET",
        ] {
            let error = format!("{:#}", in_profile(bad, "default").unwrap_err());
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
