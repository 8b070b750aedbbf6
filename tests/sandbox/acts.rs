//! The forbidden acts: each is harmless where it succeeds, and says whether it was refused.

use std::fs::File;
use std::io::{Error, Read, Result, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use libc::*;

/// An act, and whether everybody may do it outside of a sandbox.
pub struct Act {
    pub name: &'static str,
    pub is_free_for_all: bool,
    pub attempt: fn(&mut Place) -> Result<()>,
}

/// What the acts need, opened before the sandbox is entered.
pub struct Place {
    folder: PathBuf,
    listener: TcpListener,
    /// A client of the listener.
    client: TcpStream,
    /// A socket that is not connected.
    stream: i32,
    datagrams: UdpSocket,
}

impl Place {
    pub fn prepare(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        // SAFETY: the call takes numbers.
        let stream = unsafe { socket(AF_INET, SOCK_STREAM, 0) };
        assert!(stream >= 0);
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        Self { folder: folder.to_path_buf(), listener, client, stream, datagrams }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The work that the sandbox is for.
    pub fn work(&mut self) {
        let output = self.at("output");
        let outcome = |name: &str, result: Result<()>| super::tell(name, &told(&result));
        outcome("read input", std::fs::read(self.at("inputs/article.txt")).map(drop));
        outcome("list inputs", std::fs::read_dir(self.at("inputs")).map(drop));
        outcome("read linked input", std::fs::read(self.at("linked.txt")).map(drop));
        outcome("write output", std::fs::write(output.join("new.txt"), "new"));
        let renamed = std::fs::rename(output.join("new.txt"), output.join("newer.txt"));
        outcome("rename in output", renamed);
        let folder = output.join("items");
        let made = std::fs::create_dir(&folder)
            .and_then(|()| std::fs::write(folder.join("a.txt"), "a"))
            .and_then(|()| std::fs::remove_dir_all(&folder));
        outcome("folder in output", made);
        let started = std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().unwrap());
        outcome("thread", started);
        let piped = std::io::pipe().and_then(|(mut reader, writer)| {
            (&writer).write_all(b"a")?;
            reader.read_exact(&mut [0])
        });
        outcome("pipe", piped);
        outcome("accept and answer", self.answer());
    }

    /// Answers a client that connected before.
    fn answer(&mut self) -> Result<()> {
        let (mut client, _) = self.listener.accept()?;
        client.write_all(b"a")?;
        self.client.read_exact(&mut [0])
    }
}

/// "refused" for an error of permission, "possible" for success, or the error.
pub fn told(result: &Result<()>) -> String {
    match result {
        Ok(()) => "possible".into(),
        Err(error) => match error.raw_os_error() {
            Some(EPERM | EACCES) => "refused".into(),
            _ => format!("failed: {error}"),
        },
    }
}

/// The result of a call that returns -1 for an error.
fn checked(value: c_long) -> Result<()> {
    if value == -1 { Err(Error::last_os_error()) } else { Ok(()) }
}

/// A call whose failure with one error counts as a refusal too.
fn counted(result: Result<()>, number: c_int) -> Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(number) => Err(Error::from_raw_os_error(EPERM)),
        other => other,
    }
}

/// A system call of numbers and null pointers. What it would do, it does to nothing.
fn call(number: c_long, arguments: [c_long; 5]) -> Result<()> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: the acts below pass numbers, null pointers, and descriptors of their own.
    checked(unsafe { syscall(number, a, b, c, d, e) })
}

fn open_socket(family: c_int, kind: c_int) -> Result<()> {
    call(SYS_socket, [family.into(), kind.into(), 0, 0, 0])
}

fn parent() -> c_long {
    c_long::from(std::os::unix::process::parent_id())
}

/// A path with the zero that C needs.
fn c_path(path: &Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

macro_rules! acts {
    ($($free:ident $name:literal $attempt:expr;)*) => {
        &[$(Act { name: $name, is_free_for_all: acts!(@ $free), attempt: $attempt }),*]
    };
    (@ anyone) => { true };
    (@ some) => { false };
}

pub const ACTS: &[Act] = acts! {
    // Sockets.
    anyone "socket of IPv4" |_| open_socket(AF_INET, SOCK_STREAM);
    anyone "datagrams of IPv4" |_| open_socket(AF_INET, SOCK_DGRAM);
    some "socket of IPv6" |_| open_socket(AF_INET6, SOCK_STREAM);
    anyone "socket of Unix" |_| open_socket(AF_UNIX, SOCK_STREAM);
    anyone "pair of sockets" |_| std::os::unix::net::UnixStream::pair().map(drop);
    some "socket of netlink" |_| open_socket(AF_NETLINK, SOCK_RAW);
    some "socket of packets" |_| open_socket(AF_PACKET, SOCK_RAW);
    some "socket to the host of a virtual machine" |_| open_socket(AF_VSOCK, SOCK_STREAM);
    anyone "connect a socket opened before" |place| {
        let address = c_address(place.listener.local_addr()?.port());
        // SAFETY: the address lives until the call returns.
        checked(unsafe { connect(place.stream, (&raw const address).cast(), 16) }.into())
    };
    anyone "datagram from a socket opened before" |place| {
        let address = place.datagrams.local_addr()?;
        place.datagrams.send_to(b"a", address).map(drop)
    };
    some "message from a socket opened before" |place| {
        call(SYS_sendmsg, [place.datagrams.as_raw_fd().into(), 0, 0, 0, 0])
    };
    some "bind a socket opened before" |place| {
        let address = c_address(0);
        // SAFETY: as above.
        checked(unsafe { bind(place.stream, (&raw const address).cast(), 16) }.into())
    };
    anyone "listen on a socket opened before" |place| {
        call(SYS_listen, [place.stream.into(), 1, 0, 0, 0])
    };
    // Programs and processes.
    some "exec" |_| {
        // Without arguments it fails outside, too, so that this program goes on.
        call(SYS_execve, [0, 0, 0, 0, 0])
    };
    some "exec of an open file" |_| call(SYS_execveat, [-1, 0, 0, 0, 0]);
    anyone "a program" |_| {
        std::process::Command::new("/bin/true").status().map(drop)
    };
    anyone "a process" |_| {
        // SAFETY: the child ends at once.
        match unsafe { fork() } {
            0 => unsafe { _exit(0) },
            child => checked(child.into()),
        }
    };
    some "clone3" |_| counted(call(SYS_clone3, [0, 0, 0, 0, 0]), ENOSYS);
    some "trace the parent" |_| call(SYS_ptrace, [PTRACE_SEIZE.into(), parent(), 0, 0, 0]);
    some "read another process's memory" |_| {
        call(SYS_process_vm_readv, [parent(), 0, 0, 0, 0])
    };
    some "write another process's memory" |_| {
        call(SYS_process_vm_writev, [parent(), 0, 0, 0, 0])
    };
    some "the memory of process 1" |_| File::open("/proc/1/mem").map(drop);
    some "the variables of the parent" |_| {
        File::open(format!("/proc/{}/environ", parent())).map(drop)
    };
    anyone "signal to the parent" |_| call(SYS_kill, [parent(), 0, 0, 0, 0]);
    anyone "signal to a thread of the parent" |_| {
        call(SYS_tgkill, [parent(), parent(), 0, 0, 0])
    };
    anyone "limits of the parent" |_| call(SYS_prlimit64, [parent(), 7, 0, 0, 0]);
    some "handle of the parent's files" |_| call(SYS_pidfd_getfd, [-1, 0, 0, 0, 0]);
    // Files.
    anyone "read the users of the system" |_| File::open("/etc/passwd").map(drop);
    some "read the passwords of the system" |_| File::open("/etc/shadow").map(drop);
    anyone "read a file beside the inputs" |place| {
        File::open(place.at("beside/secret.txt")).map(drop)
    };
    anyone "list the folder of the inputs' folder" |place| {
        std::fs::read_dir(&place.folder).map(drop)
    };
    anyone "follow a link out of the inputs" |place| {
        File::open(place.at("inputs/link.txt")).map(drop)
    };
    anyone "write the model" |place| {
        File::options().append(true).open(place.at("model.gguf")).map(drop)
    };
    anyone "cut the model" |place| {
        let path = c_path(&place.at("model.gguf"));
        // SAFETY: the path ends in a zero. The length is the file's own.
        checked(unsafe { truncate(path.as_ptr(), 5) }.into())
    };
    anyone "remove the model" |place| {
        // A link of its own outside, so that the model stays.
        let link = place.at("model.link");
        if !link.exists() {
            std::fs::hard_link(place.at("model.gguf"), &link)?;
        }
        std::fs::remove_file(link)
    };
    anyone "rights of the model" |place| {
        let path = place.at("model.gguf");
        let rights = std::fs::metadata(&path)?.permissions();
        std::fs::set_permissions(&path, rights)
    };
    anyone "owner of the model" |place| {
        std::os::unix::fs::chown(place.at("model.gguf"), None, None)
    };
    anyone "write an input" |place| {
        File::options().append(true).open(place.at("inputs/article.txt")).map(drop)
    };
    anyone "write beside the output" |place| File::create(place.at("stray.txt")).map(drop);
    anyone "rename out of the output" |place| {
        let (from, to) = (place.at("output/old.txt"), place.at("beside/old.txt"));
        counted(std::fs::rename(&from, &to), EXDEV).and_then(|()| std::fs::rename(to, from))
    };
    anyone "hard link out of the output" |place| {
        let result = std::fs::hard_link(place.at("output/old.txt"), place.at("beside/hard.txt"));
        counted(result, EXDEV)
    };
    anyone "hard link of a secret into the output" |place| {
        let result = std::fs::hard_link(place.at("beside/secret.txt"), place.at("output/s.txt"));
        counted(result, EXDEV)
    };
    anyone "symbolic link in the output" |place| {
        std::os::unix::fs::symlink("/etc/passwd", place.at("output/passwd"))
    };
    anyone "named pipe in the output" |place| {
        let path = c_path(&place.at("output/pipe"));
        // SAFETY: the path ends in a zero.
        checked(unsafe { mkfifo(path.as_ptr(), 0o600) }.into())
    };
    some "open a file by its handle" |_| call(SYS_open_by_handle_at, [-1, 0, 0, 0, 0]);
    // Mounts, namespaces, identities.
    some "mount" |_| call(SYS_mount, [0, 0, 0, 0, 0]);
    some "unmount" |_| call(SYS_umount2, [0, 0, 0, 0, 0]);
    some "another root" |_| call(SYS_chroot, [0, 0, 0, 0, 0]);
    some "pivot the root" |_| call(SYS_pivot_root, [0, 0, 0, 0, 0]);
    some "a new namespace of users" |_| call(SYS_unshare, [CLONE_NEWUSER.into(), 0, 0, 0, 0]);
    some "a thread in a new namespace" |_| {
        // The flags exclude each other: no kernel starts anything.
        call(SYS_clone, [(CLONE_NEWNET | CLONE_NEWUSER | CLONE_FS).into(), 0, 0, 0, 0])
    };
    some "another process's namespace" |_| call(SYS_setns, [-1, 0, 0, 0, 0]);
    anyone "its own user again" |_| {
        // SAFETY: the call takes a number, and changes nothing.
        call(SYS_setuid, [unsafe { getuid() }.into(), 0, 0, 0, 0])
    };
    // The kernel.
    some "io_uring" |_| call(SYS_io_uring_setup, [0, 0, 0, 0, 0]);
    some "asynchronous files" |_| call(SYS_io_setup, [0, 0, 0, 0, 0]);
    some "a program in the kernel" |_| call(SYS_bpf, [0, 0, 0, 0, 0]);
    some "performance counters" |_| call(SYS_perf_event_open, [0, 0, -1, -1, 0]);
    some "faults of memory" |_| {
        // A flag that no kernel knows.
        call(SYS_userfaultfd, [0x1000, 0, 0, 0, 0])
    };
    anyone "keys" |_| call(SYS_keyctl, [0, -3, 0, 0, 0]);
    some "a module" |_| call(SYS_init_module, [0, 0, 0, 0, 0]);
    some "a new kernel" |_| call(SYS_kexec_load, [0, 0, 0, -1, 0]);
    some "swap" |_| call(SYS_swapon, [0, 0, 0, 0, 0]);
    some "restart" |_| call(SYS_reboot, [0, 0, 0, 0, 0]);
    some "the clock" |_| call(SYS_settimeofday, [0, 0, 0, 0, 0]);
    some "the log of the kernel" |_| call(SYS_syslog, [10, 0, 0, 0, 0]);
    anyone "shared memory" |_| {
        call(SYS_shmget, [IPC_PRIVATE.into(), 4096, 0o600, 0, 0])
    };
    some "type into the terminal" |_| call(SYS_ioctl, [0, TIOCSTI as c_long, 0, 0, 0]);
};

/// 127.0.0.1 with a port.
fn c_address(port: u16) -> sockaddr_in {
    sockaddr_in {
        sin_family: AF_INET as sa_family_t,
        sin_port: port.to_be(),
        sin_addr: in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    }
}
