//! TUN devices: network interfaces whose other end is this process.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::{self, Updater, opcode};

/// Where the kernel hands out TUN devices.
const DEVICE: &str = "/dev/net/tun";
/// Longest interface name, the terminating zero not counted.
const MAX_NAME: usize = 15;

const IFF_TUN: u16 = 0x0001;
const IFF_NO_PI: u16 = 0x1000;
const TUNSETIFF: ioctl::Opcode = opcode::write::<i32>(b'T', 202);

/// `struct ifreq` of the kernel as TUNSETIFF uses it.
#[repr(C)]
struct Request {
    name: [u8; MAX_NAME + 1],
    flags: u16,
    _rest: [u8; 22],
}

/// An open TUN device without packet information: one read or write is one IP packet. It does not
/// block, and goes away when this is dropped.
///
/// No offload is negotiated, so the kernel hands over no packet longer than the MTU and with all
/// checksums filled in.
#[derive(Debug)]
pub struct Tun {
    fd: OwnedFd,
}

/// Why a TUN device could not be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TunError {
    /// The device file is missing.
    #[error("{DEVICE} is missing: load the module with `modprobe tun`, or give the container access")]
    NoDevice,
    /// The process may not create devices.
    #[error("no permission to create TUN device '{0}': run as root (`sudo ...`)")]
    NotPermitted(String),
    /// The name is too long, empty, or taken.
    #[error("TUN device '{0}': the name is taken or not one of 1 to {MAX_NAME} bytes")]
    Name(String),
    /// Anything else that the kernel said.
    #[error("TUN device '{0}': {1}")]
    Other(String, io::Error),
}

impl Tun {
    /// Creates a device in the network namespace of the calling thread.
    ///
    /// # Errors
    /// See [`TunError`].
    pub fn open(name: &str) -> Result<Tun, TunError> {
        let mut request = Request { name: [0; MAX_NAME + 1], flags: IFF_TUN | IFF_NO_PI, _rest: [0; 22] };
        if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
            return Err(TunError::Name(name.into()));
        }
        request.name[..name.len()].copy_from_slice(name.as_bytes());
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let file = options.open(DEVICE).map_err(|e| failed(name, e))?;
        // SAFETY: TUNSETIFF reads and writes one `struct ifreq` of 40 bytes, which `Request` is.
        let done = unsafe { ioctl::ioctl(&file, Updater::<TUNSETIFF, Request>::new(&mut request)) };
        done.map_err(|e| failed(name, e.into()))?;
        Ok(Tun { fd: file.into() })
    }

    /// The descriptor, to be owned by the caller.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn failed(name: &str, error: io::Error) -> TunError {
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => TunError::NoDevice,
        Some(Errno::PERM | Errno::ACCESS) => TunError::NotPermitted(name.into()),
        Some(Errno::BUSY | Errno::INVAL | Errno::EXIST) => TunError::Name(name.into()),
        _ => TunError::Other(name.into(), error),
    }
}
