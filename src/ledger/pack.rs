//! A segment compressed so that a line in its middle is read without what stands before it.
//!
//! It is zstd in its seekable format (zstd's own `contrib/seekable_format`): independent frames one behind the other, and
//! a table of them in a last frame that other readers skip, so that `zstdcat` gives the lines back as they were. The
//! plain file goes only when the compressed one is on the disk and was read back.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

/// Bytes of lines in a frame: small enough to be read for one line, large enough to be worth compressing.
const FRAME_BYTES: usize = 128 << 10;
const LEVEL: i32 = 6;
/// Of a skippable frame, and of the table in it.
const SKIPPABLE: u32 = 0x184D_2A5E;
const SEEKABLE: u32 = 0x8F92_EAB1;
const FOOTER_BYTES: u64 = 9;
const ENTRY_BYTES: u64 = 8;

/// Compresses `from` into `to` and removes it.
pub fn pack(from: &Path, to: &Path) -> io::Result<()> {
    let aside = to.with_extension("zst-new");
    let hash = write(from, &aside)?;
    if read_back(&aside)? != hash {
        fs::remove_file(&aside)?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a segment reads otherwise when it is compressed"));
    }
    fs::rename(&aside, to)?;
    let folder = File::open(to.parent().unwrap_or(Path::new(".")))?;
    folder.sync_all()?;
    fs::remove_file(from)?;
    folder.sync_all()
}

fn write(from: &Path, to: &Path) -> io::Result<Vec<u8>> {
    let mut lines = File::open(from)?;
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    let mut out = BufWriter::new(file);
    let (mut hash, mut table) = (Context::new(&SHA256), Vec::new());
    let mut frame = Vec::with_capacity(FRAME_BYTES);
    loop {
        frame.clear();
        (&mut lines).take(FRAME_BYTES as u64).read_to_end(&mut frame)?;
        if frame.is_empty() {
            break;
        }
        hash.update(&frame);
        let packed = zstd::bulk::compress(&frame, LEVEL)?;
        out.write_all(&packed)?;
        table.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        table.extend_from_slice(&(frame.len() as u32).to_le_bytes());
    }
    let frames = (table.len() as u64 / ENTRY_BYTES) as u32;
    out.write_all(&SKIPPABLE.to_le_bytes())?;
    out.write_all(&(table.len() as u32 + FOOTER_BYTES as u32).to_le_bytes())?;
    out.write_all(&table)?;
    out.write_all(&frames.to_le_bytes())?;
    // No flags: the frames have no sums of their own, since every line has its hash.
    out.write_all(&[0])?;
    out.write_all(&SEEKABLE.to_le_bytes())?;
    out.into_inner()?.sync_all()?;
    Ok(hash.finish().as_ref().to_vec())
}

fn read_back(path: &Path) -> io::Result<Vec<u8>> {
    let mut hash = Context::new(&SHA256);
    let mut lines = unpacked(File::open(path)?)?;
    let mut buffer = vec![0; FRAME_BYTES];
    loop {
        let read = lines.read(&mut buffer)?;
        if read == 0 {
            return Ok(hash.finish().as_ref().to_vec());
        }
        hash.update(&buffer[..read]);
    }
}

/// Reads a compressed segment from its beginning.
pub fn unpacked(file: File) -> io::Result<impl Read> {
    zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(FRAME_BYTES, file))
}

/// A compressed segment whose frames can be read one by one.
pub struct Packed {
    file: File,
    frames: Vec<Frame>,
    /// The frame that was read last, and its bytes.
    held: Option<(usize, Vec<u8>)>,
}

struct Frame {
    at: u64,
    bytes: u32,
    plain_at: u64,
    plain_bytes: u32,
}

impl Packed {
    /// Reads the table of frames.
    pub fn open(path: &Path) -> io::Result<Packed> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a compressed segment has no table of its frames");
        let mut footer = [0; FOOTER_BYTES as usize];
        file.read_exact_at(&mut footer, len.checked_sub(FOOTER_BYTES).ok_or_else(damaged)?)?;
        let [a, b, c, d, 0, magic @ ..] = footer else { return Err(damaged()) };
        let table_bytes = u64::from(u32::from_le_bytes([a, b, c, d])) * ENTRY_BYTES;
        let begin = len.checked_sub(FOOTER_BYTES + table_bytes);
        let begin = begin.filter(|_| u32::from_le_bytes(magic) == SEEKABLE).ok_or_else(damaged)?;
        let mut table = vec![0; table_bytes as usize];
        file.read_exact_at(&mut table, begin)?;
        let (mut at, mut plain_at) = (0, 0);
        let mut frames = Vec::with_capacity(table.len() / ENTRY_BYTES as usize);
        for [a, b, c, d, e, f, g, h] in table.as_chunks::<{ ENTRY_BYTES as usize }>().0 {
            let (bytes, plain_bytes) = (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]));
            if plain_bytes as usize > FRAME_BYTES || u64::from(bytes) > begin {
                return Err(damaged());
            }
            frames.push(Frame { at, bytes, plain_at, plain_bytes });
            (at, plain_at) = (at + u64::from(bytes), plain_at + u64::from(plain_bytes));
        }
        Ok(Packed { file, frames, held: None })
    }

    /// How long the segment was.
    pub fn plain_len(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.plain_at + u64::from(frame.plain_bytes))
    }

    /// What stands from `offset` to the end of its frame; nothing at the end.
    pub fn read_from(&mut self, offset: u64) -> io::Result<&[u8]> {
        let index = self.frames.partition_point(|frame| frame.plain_at <= offset).saturating_sub(1);
        let Some(frame) = self.frames.get(index) else { return Ok(&[]) };
        let held = match self.held.take().filter(|(held, _)| *held == index) {
            Some((_, bytes)) => bytes,
            None => {
                let mut packed = vec![0; frame.bytes as usize];
                self.file.read_exact_at(&mut packed, frame.at)?;
                zstd::bulk::decompress(&packed, frame.plain_bytes as usize)?
            }
        };
        let begin = ((offset - frame.plain_at) as usize).min(held.len());
        Ok(&self.held.insert((index, held)).1[begin..])
    }
}
