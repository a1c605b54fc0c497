//! Blocks in files: `blk*.dat` of a node (with its `xor.dat`), files in that framing, files with one raw block.

use crate::network::Network;
use crate::wire::{HEADER_LEN, Header, MAX_BLOCK_LEN, Malformed, Reader};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes before every block: magic and length.
const FRAME_LEN: usize = 8;
const KEY_FILE: &str = "xor.dat";

/// Why blocks cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {what} at byte {offset}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// From the start of the file.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// There is nothing to read.
    #[error("{}: no blocks (a folder with blk*.dat, a file in that framing, or one raw block)", .0.display())]
    Nothing(PathBuf),
}

/// Where one block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    file: usize,
    offset: u64,
    len: usize,
}

/// One block that was found, known by its header.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The header.
    pub header: Header,
    /// Where the block lies.
    pub place: Place,
}

/// Files with blocks of one network. The files are only read; what a node adds while they are read is not seen.
#[derive(Debug)]
pub struct BlockFiles {
    network: Network,
    files: Vec<(PathBuf, Framing)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// Magic and length before every block, obfuscated with this key (zeros: not at all).
    Framed([u8; 8]),
    Raw,
}

impl BlockFiles {
    /// Takes a folder with a node's block files, a file in the same framing, or a file that is one block.
    ///
    /// # Errors
    /// [`SourceError`] when nothing is there or the key is not eight bytes.
    pub fn open(path: &Path, network: Network) -> Result<Self, SourceError> {
        let mut files = Vec::new();
        if path.is_dir() {
            let key = read_key(&path.join(KEY_FILE))?;
            let entries = fs::read_dir(path).map_err(|source| SourceError::Io { file: path.to_owned(), source })?;
            for entry in entries {
                let file = entry.map_err(|source| SourceError::Io { file: path.to_owned(), source })?.path();
                if is_block_file(&file) {
                    files.push((file, Framing::Framed(key)));
                }
            }
            files.sort_by(|left, right| left.0.cmp(&right.0));
        } else {
            let mut start = [0; 4];
            let mut opened = open(path)?;
            let framed = opened.read_exact(&mut start).is_ok() && Network::of_magic(start).is_some();
            files.push((path.to_owned(), if framed { Framing::Framed([0; 8]) } else { Framing::Raw }));
        }
        if files.is_empty() {
            return Err(SourceError::Nothing(path.to_owned()));
        }
        Ok(Self { network, files })
    }

    /// The headers of all blocks, in the order of the files.
    ///
    /// # Errors
    /// [`SourceError`] with file and offset for wrong magic, absurd lengths, blocks that are cut off.
    pub fn headers(&self) -> Result<Vec<Found>, SourceError> {
        let mut found = Vec::new();
        for index in 0..self.files.len() {
            self.scan(index, &mut found)?;
        }
        Ok(found)
    }

    /// The bytes of one block.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be read (any more).
    pub fn block(&self, place: &Place) -> Result<Vec<u8>, SourceError> {
        let (path, framing) = self.file(place.file)?;
        let mut bytes = vec![0; place.len];
        read_at(&mut open(path)?, path, place.offset, &mut bytes)?;
        unmask(&mut bytes, *framing, place.offset);
        Ok(bytes)
    }

    /// Says in which file and where a block is malformed.
    pub fn blame(&self, place: &Place, wrong: &Malformed) -> SourceError {
        let file = self.files.get(place.file).map(|(path, _)| path.clone()).unwrap_or_default();
        SourceError::Malformed { file, offset: place.offset.saturating_add(wrong.offset), what: wrong.what }
    }

    fn file(&self, index: usize) -> Result<&(PathBuf, Framing), SourceError> {
        self.files.get(index).ok_or_else(|| SourceError::Nothing(PathBuf::new()))
    }

    fn scan(&self, index: usize, found: &mut Vec<Found>) -> Result<(), SourceError> {
        let (path, framing) = self.file(index)?;
        let mut file = open(path)?;
        let end = file.metadata().map_err(|source| SourceError::Io { file: path.clone(), source })?.len();
        let malformed = |offset, what| SourceError::Malformed { file: path.clone(), offset, what };
        if *framing == Framing::Raw {
            let len = usize::try_from(end).ok().filter(|len| *len <= MAX_BLOCK_LEN);
            let len = len.ok_or_else(|| malformed(0, "wrong magic, or one block longer than blocks can be"))?;
            let place = Place { file: index, offset: 0, len };
            found.push(Found { header: self.header(&mut file, path, *framing, &place)?, place });
            return Ok(());
        }
        let mut offset = 0;
        while offset < end {
            let mut frame = [0; FRAME_LEN];
            let here = usize::try_from(end - offset).unwrap_or(FRAME_LEN).min(FRAME_LEN);
            read_at(&mut file, path, offset, frame.get_mut(..here).unwrap_or_default())?;
            if frame == [0; FRAME_LEN] {
                // A node sets space aside before it needs it; that space is zeros, without the key.
                return expect_zeros(&mut file, path, offset);
            }
            unmask(&mut frame, *framing, offset);
            let [m0, m1, m2, m3, l0, l1, l2, l3] = frame;
            if [m0, m1, m2, m3] != self.network.magic() {
                return Err(malformed(offset, "the magic is not that of the network"));
            }
            let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
            if !(HEADER_LEN..=MAX_BLOCK_LEN).contains(&len) {
                return Err(malformed(offset + 4, "a block's length is absurd"));
            }
            let place = Place { file: index, offset: offset + FRAME_LEN as u64, len };
            if place.offset + len as u64 > end {
                return Err(malformed(offset, "a block is cut off"));
            }
            found.push(Found { header: self.header(&mut file, path, *framing, &place)?, place });
            offset = place.offset + len as u64;
        }
        Ok(())
    }

    fn header(&self, file: &mut File, path: &Path, framing: Framing, place: &Place) -> Result<Header, SourceError> {
        let mut bytes = vec![0; place.len.min(HEADER_LEN)];
        read_at(file, path, place.offset, &mut bytes)?;
        unmask(&mut bytes, framing, place.offset);
        Header::read(&mut Reader::new(&bytes)).map_err(|wrong| self.blame(place, &wrong))
    }
}

fn is_block_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.strip_prefix("blk").and_then(|rest| rest.strip_suffix(".dat"));
    number.is_some_and(|number| number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn read_key(file: &Path) -> Result<[u8; 8], SourceError> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok([0; 8]),
        Err(source) => Err(SourceError::Io { file: file.to_owned(), source }),
        Ok(bytes) => bytes.as_slice().try_into().map_err(|_| SourceError::Malformed {
            file: file.to_owned(),
            offset: bytes.len() as u64,
            what: "the key is not eight bytes",
        }),
    }
}

fn open(path: &Path) -> Result<File, SourceError> {
    File::open(path).map_err(|source| SourceError::Io { file: path.to_owned(), source })
}

fn read_at(file: &mut File, path: &Path, offset: u64, into: &mut [u8]) -> Result<(), SourceError> {
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.read_exact(into))
        .map_err(|source| SourceError::Io { file: path.to_owned(), source })
}

fn unmask(bytes: &mut [u8], framing: Framing, offset: u64) {
    let Framing::Framed(key) = framing else { return };
    if key == [0; 8] {
        return;
    }
    let skip = (offset % 8) as usize;
    for (byte, mask) in bytes.iter_mut().zip(key.iter().cycle().skip(skip)) {
        *byte ^= mask;
    }
}

fn expect_zeros(file: &mut File, path: &Path, offset: u64) -> Result<(), SourceError> {
    let io = |source| SourceError::Io { file: path.to_owned(), source };
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    let (mut at, mut chunk) = (offset, vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut chunk).map_err(io)?;
        if count == 0 {
            return Ok(());
        }
        if let Some(bad) = chunk.iter().take(count).position(|byte| *byte != 0) {
            let what = "something follows the space set aside at the end";
            return Err(SourceError::Malformed { file: path.to_owned(), offset: at + bad as u64, what });
        }
        at += count as u64;
    }
}
