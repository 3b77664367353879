//! A download on its way to a temporary file without a name.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::pools::Pools;
use crate::remote::error::{Error, Result};

/// A file that is being written. It has no name: it vanishes when it is closed, or with the process.
#[derive(Debug)]
pub(super) struct Download {
    file: Arc<File>,
    bytes: u64,
    bytes_max: u64,
    pools: Pools,
}

impl Download {
    /// # Errors
    /// [`Error::Local`] when `folder` has no room for a file.
    pub async fn create(folder: &Path, bytes_max: u64, pools: &Pools) -> Result<Download> {
        let folder = folder.to_path_buf();
        let file = pools.files(move || tempfile::tempfile_in(folder)).await?;
        Ok(Download { file: Arc::new(file), bytes: 0, bytes_max, pools: pools.clone() })
    }

    /// # Errors
    /// [`Error::TooLarge`] when the announced size exceeds the limit, so that nothing is downloaded in vain.
    pub fn announce(&self, bytes: u64) -> Result<()> {
        let bytes_max = self.bytes_max;
        if bytes > bytes_max { Err(Error::TooLarge { bytes_max }) } else { Ok(()) }
    }

    /// Appends `piece`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the file would exceed the limit, [`Error::Local`] when the disk is full.
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        self.announce(self.bytes)?;
        let file = self.file.clone();
        Ok(self.pools.files(move || (&*file).write_all(&piece)).await?)
    }

    /// The file, to be read from its beginning.
    ///
    /// # Errors
    /// [`Error::Local`] when the file cannot be rewound.
    pub async fn finish(self) -> Result<File> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools;

    #[tokio::test]
    async fn a_download_is_bounded_and_read_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let pools = Pools::new(&pools::Options::default());
        let mut download = Download::create(folder.path(), 6, &pools).await.unwrap();
        assert!(matches!(download.announce(7), Err(Error::TooLarge { bytes_max: 6 })));
        download.write(Bytes::from_static(b"abc")).await.unwrap();
        download.write(Bytes::from_static(b"def")).await.unwrap();
        let refused = download.write(Bytes::from_static(b"g")).await;
        assert!(matches!(refused, Err(Error::TooLarge { bytes_max: 6 })));
        assert_eq!(std::io::read_to_string(download.finish().await.unwrap()).unwrap(), "abcdef");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it has no name");
    }
}
