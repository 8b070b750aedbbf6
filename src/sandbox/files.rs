//! Files and folders, by Landlock.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};

use super::rules::{Network, Sandbox, SandboxError};

/// The newest version whose rights are asked for; older kernels take those that they know.
const NEWEST: ABI = ABI::V7;

/// Restricts the calling thread. Returns the version of Landlock; `None` without Landlock.
pub(super) fn restrict(sandbox: &Sandbox) -> Result<Option<i32>, SandboxError> {
    let status = rules(sandbox)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| SandboxError::Refused { reason: error.to_string() })?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            Some(kernel_abi.unwrap_or(effective_abi as i32))
        }
        _ => None,
    })
}

fn rules(sandbox: &Sandbox) -> Result<RulesetCreated, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir;
    let ports = match sandbox.network {
        Network::Closed => AccessNet::BindTcp | AccessNet::ConnectTcp,
        Network::Outgoing => AccessNet::BindTcp.into(),
    };
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(ports)?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for (paths, access) in
        [(&sandbox.read, read), (&sandbox.write, write), (&sandbox.run, read | AccessFs::Execute)]
    {
        for path in paths {
            rules = add(rules, path, access)?;
        }
    }
    Ok(rules)
}

/// Adds a rule for a file or a folder. What is neither, such as a pipe of the shell, needs none;
/// what cannot be looked at could not be read either.
fn add(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    use std::os::unix::fs::FileTypeExt;
    let Ok(kind) = std::fs::metadata(path).map(|metadata| metadata.file_type()) else {
        return Ok(rules);
    };
    let access = match kind {
        kind if kind.is_dir() => access,
        kind if kind.is_file() || kind.is_char_device() => access & AccessFs::from_file(NEWEST),
        _ => return Ok(rules),
    };
    match PathFd::new(path) {
        Ok(place) => rules.add_rule(PathBeneath::new(place, access)),
        Err(_) => Ok(rules),
    }
}
