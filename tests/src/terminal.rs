//! Runs a command under a pseudo-terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A command that runs under its own terminal.
pub struct Terminal {
    child: std::process::Child,
    keyboard: File,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts the command under its own terminal with this number of columns.
    ///
    /// # Errors
    /// Fails when the system has no pseudo-terminal, or the command does not start.
    pub fn start(mut command: Command, columns: u16) -> std::io::Result<Self> {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let slave = File::options().read(true).write(true).open(path)?;
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?;
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave.try_clone()?);
        let child = command.spawn()?;
        // The terminal ends when the command, which holds the last open handle, ends.
        drop(command);
        drop(slave);
        let keyboard = File::from(master);
        let mut master = keyboard.try_clone()?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let screen = seen.clone();
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            // Reading a terminal without open handles fails.
            while let Ok(count @ 1..) = master.read(&mut chunk) {
                locked(&screen).extend_from_slice(&chunk[..count]);
            }
        });
        Ok(Self { child, keyboard, seen, reader })
    }

    /// Types a text once the screen shows the prompt, as a person does.
    ///
    /// # Errors
    /// Fails when the terminal has ended, or the prompt does not appear within 30 seconds.
    pub fn answer(&mut self, prompt: &str, text: &str) -> std::io::Result<()> {
        for _ in 0..600 {
            if String::from_utf8_lossy(&locked(&self.seen)).contains(prompt) {
                // The command disables echo shortly after it shows the prompt.
                std::thread::sleep(Duration::from_millis(100));
                return self.keyboard.write_all(text.as_bytes());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(std::io::Error::other(format!("no prompt `{prompt}`")))
    }

    /// Returns the id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end, and returns the status and all screen output.
    ///
    /// # Errors
    /// Fails when waiting for the command is impossible.
    pub fn end(mut self) -> std::io::Result<(ExitStatus, String)> {
        let status = self.child.wait()?;
        drop(self.keyboard);
        drop(self.reader.join());
        Ok((status, String::from_utf8_lossy(&locked(&self.seen)).into_owned()))
    }
}

fn locked(seen: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    seen.lock()
}
