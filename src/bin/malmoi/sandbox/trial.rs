//! What is refused inside a sandbox on this machine: tried, in a thread with a sandbox of its own.

use std::fs::File;
use std::io::{ErrorKind, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};

use malmoi::internals::sandbox::{Protection, Sandbox};

/// What was tried.
pub(crate) struct Attempt {
    pub act: &'static str,
    /// True if the system refused it.
    pub refused: bool,
}

/// Places outside of the sandbox.
struct Place {
    /// An address at which this process listens.
    address: SocketAddr,
    /// A file of another folder, which is there and can be read.
    file: PathBuf,
    program: PathBuf,
}

type Act = (&'static str, fn(&Place) -> Result<()>);

const ACTS: &[Act] = &[
    ("connect by TCP", |place| TcpStream::connect(place.address).map(drop)),
    ("open a UDP socket", |_| UdpSocket::bind("127.0.0.1:0").map(drop)),
    ("read a foreign file", |place| File::open(&place.file).map(drop)),
    ("write a foreign file", |place| File::options().append(true).open(&place.file).map(drop)),
    ("make a file", |place| File::create(beside(&place.file)).map(drop)),
    ("start a program", |place| {
        std::process::Command::new(&place.program).arg("--version").output().map(drop)
    }),
];

fn beside(file: &Path) -> PathBuf {
    file.with_extension("new")
}

/// Tries what must be refused inside.
///
/// # Errors
///
/// If there is nothing to try it with: no temporary folder, no local address.
pub(crate) fn trial() -> Result<(std::result::Result<Protection, String>, Vec<Attempt>)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("foreign.txt");
    File::create(&file)?.write_all(b"foreign")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let place = Place { address: listener.local_addr()?, file, program: std::env::current_exe()? };
    let inside = || {
        let entered = Sandbox::new().enter_thread().map_err(|error| error.to_string());
        let attempt = |(act, attempt): &Act| {
            let result = attempt(&place);
            let refused = result.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
            Attempt { act, refused }
        };
        (entered, ACTS.iter().map(attempt).collect())
    };
    std::thread::scope(|scope| scope.spawn(inside).join())
        .map_err(|_| std::io::Error::other("the thread of the trial ended early"))
}
