//! What clients sent, as case folders: `0001-NAME/request.http`, and in `response.http` what left for them.
//!
//! The numbers go on where an earlier run ended, so that nothing is written over.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::Received;

/// A folder that fills up.
#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    next: u32,
    left: usize,
}

impl Log {
    /// In this folder, which is made if it is missing, at most `most` cases.
    pub(super) fn open(folder: PathBuf, most: usize) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut last = 0_u32;
        for entry in fs::read_dir(&folder)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let number = name.split('-').next().and_then(|word| word.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        Ok(Self {
            folder,
            next: last.saturating_add(1),
            left: most,
        })
    }

    /// Writes a case, unless there are enough.
    pub(super) fn write(&mut self, received: &Received) -> io::Result<()> {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        let name = received.case.as_deref().unwrap_or("no-case");
        let folder = self.folder.join(format!("{:04}-{name}", self.next));
        self.next = self.next.saturating_add(1);
        fs::create_dir(&folder)?;
        fs::write(folder.join("request.http"), &received.bytes)?;
        fs::write(folder.join("response.http"), &received.sent)
    }
}
