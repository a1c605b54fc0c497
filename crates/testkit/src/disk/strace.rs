//! What a real program did to its folder, from the output of `strace`.
//!
//! Paths and bytes must be in hexadecimal and whole: [`OPTIONS`]. A call is taken to happen when it returns, and a sync covers the
//! calls that had returned when it began. Calls that this model does not know are errors where they touch the folder, never ignored.

use super::{Call, Event};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What `strace` must be told, before `-o FILE` and the program.
pub const OPTIONS: &[&str] = &[
    "-f",
    "-y",
    "-xx",
    "-s",
    "16777216",
    "-e",
    "signal=none",
    "-e",
    "trace=open,openat,openat2,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,\
     sync_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,lseek,\
     copy_file_range,sendfile,splice,mmap,io_uring_setup",
];

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Calls under the folder, with the folder as `/`, and the lines written to standard output.
    pub events: Vec<Event<String>>,
    /// Calls that had begun and not returned when the program was killed: nobody knows whether they happened.
    pub in_flight: Vec<Event<String>>,
}

/// Reads the output of `strace` about a folder. `ignore` names files that do not outlast the program, such as shared memory.
/// `before` is how many calls were made on the same disk earlier.
///
/// # Errors
/// The line that cannot be understood, and why.
pub fn parse(text: &str, folder: &Path, ignore: fn(&Path) -> bool, before: usize) -> Result<Recording, String> {
    let mut parser =
        Parser { folder, ignore, calls: before, events: Vec::new(), offsets: BTreeMap::new(), line: String::new() };
    let mut begun: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    for line in text.lines() {
        let failed = |reason: String| format!("{reason}: {line}");
        let (process, rest) = line.split_once(' ').ok_or_else(|| failed("no process".to_owned()))?;
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        let (whole, since) = if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(process, (start.to_owned(), parser.calls));
            continue;
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let (_, end) = resumed.split_once(" resumed>").ok_or_else(|| failed("no end".to_owned()))?;
            let (start, since) = begun.remove(process).ok_or_else(|| failed("no beginning".to_owned()))?;
            (format!("{start}{end}"), since)
        } else {
            (rest.to_owned(), parser.calls)
        };
        parser.call(&whole, since).map_err(failed)?;
    }
    let (events, calls) = (std::mem::take(&mut parser.events), parser.calls);
    // As if they had returned what they were asked for.
    for (start, _) in begun.into_values() {
        let start = start.strip_suffix(')').unwrap_or(&start).to_owned();
        let result = match start.split_once('(').map(|(name, rest)| (name, argument(rest, 2))) {
            Some(("write" | "pwrite64", Some(length))) => length.to_owned(),
            _ => "0".to_owned(),
        };
        parser.call(&format!("{start}) = {result}"), calls).map_err(|reason| format!("{reason}: {start}"))?;
    }
    Ok(Recording { events, in_flight: parser.events })
}

struct Parser<'f> {
    folder: &'f Path,
    ignore: fn(&Path) -> bool,
    calls: usize,
    events: Vec<Event<String>>,
    /// Where the next `write` to a descriptor goes.
    offsets: BTreeMap<u32, usize>,
    /// Of standard output, what no line break has ended.
    line: String,
}

impl Parser<'_> {
    fn call(&mut self, text: &str, since: usize) -> Result<(), String> {
        let (head, result) = text.rsplit_once(" = ").ok_or("no result")?;
        let (name, arguments) = head.trim_end().split_once('(').ok_or("no arguments")?;
        let arguments = arguments.strip_suffix(')').ok_or("no end of the arguments")?;
        let at = |index: usize| argument(arguments, index).ok_or_else(|| format!("no argument {index}"));
        let result = result.trim();
        let failed = result.starts_with("-1") || result.starts_with('?');
        match name {
            "openat" => self.open(at(1)?, at(2)?, result),
            "fsync" | "fdatasync" => match self.descriptor(at(0)?)?.1 {
                Some(path) if result.starts_with("-1") => self.push(Call::FailedSync { path }),
                Some(path) if !failed => self.push(Call::Sync { path, before: since }),
                _ => Ok(()),
            },
            _ if failed => Ok(()),
            "write" => self.write(at(0)?, at(1)?, None, result),
            "pwrite64" => self.write(at(0)?, at(1)?, Some(number(at(3)?)?), result),
            "lseek" => {
                let (descriptor, path) = self.descriptor(at(0)?)?;
                if path.is_some() {
                    self.offsets.insert(descriptor, number(result)?);
                }
                Ok(())
            }
            "ftruncate" => {
                let length = number(at(1)?)?;
                self.descriptor(at(0)?)?.1.map_or(Ok(()), |path| self.push(Call::Length { path, length }))
            }
            "rename" => self.rename(at(0)?, at(1)?),
            "renameat" | "renameat2" => self.rename(at(1)?, at(3)?),
            "unlink" => self.path_call(at(0)?, |path| Call::Remove { path }),
            "unlinkat" => match at(2)? {
                "0" => self.path_call(at(1)?, |path| Call::Remove { path }),
                _ => self.unknown(arguments),
            },
            "mkdir" => self.path_call(at(0)?, |path| Call::CreateFolder { path }),
            "mkdirat" => self.path_call(at(1)?, |path| Call::CreateFolder { path }),
            "mmap" => match at(3)? {
                // Memory shared with a file would change it without a call.
                flags if flags.contains("MAP_SHARED") && at(2)?.contains("PROT_WRITE") => self.unknown(arguments),
                _ => Ok(()),
            },
            _ => self.unknown(arguments),
        }
    }

    fn push(&mut self, call: Call) -> Result<(), String> {
        self.events.push(Event::Call(call));
        self.calls += 1;
        Ok(())
    }

    fn open(&mut self, path: &str, flags: &str, result: &str) -> Result<(), String> {
        let Ok((descriptor, _)) = self.descriptor(result) else { return Ok(()) };
        self.offsets.insert(descriptor, 0);
        let Some(path) = self.inside(&PathBuf::from(string(path)?)) else { return Ok(()) };
        if flags.contains("O_APPEND") {
            return Err("files opened for appending are not modelled".to_owned());
        }
        if flags.contains("O_CREAT") {
            self.push(Call::Create { path, truncate: flags.contains("O_TRUNC") })
        } else if flags.contains("O_TRUNC") {
            self.push(Call::Length { path, length: 0 })
        } else {
            Ok(())
        }
    }

    fn write(&mut self, descriptor: &str, bytes: &str, at: Option<usize>, result: &str) -> Result<(), String> {
        let mut bytes = bytes_of(bytes)?;
        bytes.truncate(number(result)?);
        let (descriptor, path) = self.descriptor(descriptor)?;
        if descriptor == 1 {
            self.line += &String::from_utf8_lossy(&bytes);
            while let Some((line, rest)) = self.line.split_once('\n') {
                self.events.push(Event::Note(line.to_owned()));
                self.line = rest.to_owned();
            }
        }
        let Some(path) = path else { return Ok(()) };
        let next = self.offsets.entry(descriptor).or_default();
        let at = at.unwrap_or_else(|| {
            let at = *next;
            *next += bytes.len();
            at
        });
        self.push(Call::Write { path, at, bytes })
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), String> {
        let (from, to) = (PathBuf::from(string(from)?), PathBuf::from(string(to)?));
        match (self.inside(&from), self.inside(&to)) {
            (Some(from), Some(to)) => self.push(Call::Rename { from, to }),
            (None, None) => Ok(()),
            _ => Err("a rename in or out of the folder".to_owned()),
        }
    }

    fn path_call(&mut self, path: &str, call: impl FnOnce(PathBuf) -> Call) -> Result<(), String> {
        self.inside(&PathBuf::from(string(path)?)).map_or(Ok(()), |path| self.push(call(path)))
    }

    /// A call that is not modelled may happen elsewhere.
    fn unknown(&self, arguments: &str) -> Result<(), String> {
        for argument in arguments.split(", ") {
            let path = if argument.starts_with('"') {
                string(argument).ok().and_then(|path| self.inside(Path::new(&path)))
            } else {
                self.descriptor(argument).ok().and_then(|(_, path)| path)
            };
            if path.is_some() {
                return Err("a call that is not modelled".to_owned());
            }
        }
        Ok(())
    }

    /// A descriptor's number, and its path when it lies in the folder.
    fn descriptor(&self, text: &str) -> Result<(u32, Option<PathBuf>), String> {
        let (number, rest) = text.split_once('<').ok_or_else(|| format!("`{text}` is no descriptor"))?;
        let number = number.parse().map_err(|_| format!("`{text}` is no descriptor"))?;
        let (path, deleted) = rest.split_once('>').ok_or("a path without end")?;
        if !path.starts_with("\\x") {
            // A pipe or a socket has no path.
            return Ok((number, None));
        }
        let path = PathBuf::from(String::from_utf8(unhex(path)?).map_err(|error| error.to_string())?);
        // What has no name any more is gone after a loss of power.
        Ok((number, if deleted.is_empty() { self.inside(&path) } else { None }))
    }

    /// A path with the folder as `/`; `None` outside of it.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let path = path.strip_prefix(self.folder).ok()?;
        (!(self.ignore)(path)).then(|| Path::new("/").join(path))
    }
}

/// No argument holds a comma: strings are in hexadecimal.
fn argument(arguments: &str, index: usize) -> Option<&str> {
    arguments.split(", ").nth(index)
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn string(text: &str) -> Result<String, String> {
    String::from_utf8(bytes_of(text)?).map_err(|error| error.to_string())
}

fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    unhex(inner.ok_or("a string that is not whole")?)
}

/// `\x2f\x74` and so on.
fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digit =
        |byte: u8| char::from(byte).to_digit(16).ok_or_else(|| "a string that is not in hexadecimal".to_owned());
    text.as_bytes()
        .chunks(4)
        .map(|chunk| match chunk {
            [b'\\', b'x', high, low] => Ok((digit(*high)? << 4 | digit(*low)?) as u8),
            _ => Err("a string that is not in hexadecimal".to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;

    /// Readable text to what `strace` prints: words between carets become hexadecimal.
    fn hex(text: &str) -> String {
        let parts = text.split('^').enumerate().map(|(index, part)| match index % 2 {
            0 => part.to_owned(),
            _ => part.bytes().map(|byte| format!("\\x{byte:02x}")).collect(),
        });
        parts.collect()
    }

    fn read(text: &str) -> Result<Recording, String> {
        parse(&hex(text), Path::new("/w"), |path| path.extension().is_some_and(|ending| ending == "shm"), 0)
    }

    #[test]
    fn calls_of_two_threads_become_one_list() {
        let text = "7 mkdir(\"^/w/d^\", 0777) = 0\n\
            7 openat(AT_FDCWD<^/^>, \"^/w/d/f^\", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 3<^/w/d/f^>\n\
            7 write(3<^/w/d/f^>, \"^one^\", 3) = 3\n\
            8 openat(AT_FDCWD<^/^>, \"^/w/x.shm^\", O_RDWR|O_CREAT, 0666) = 4<^/w/x.shm^>\n\
            8 mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_SHARED, 4<^/w/x.shm^>, 0) = 0x7f\n\
            8 openat(AT_FDCWD<^/^>, \"^/etc/hosts^\", O_RDONLY) = 5<^/etc/hosts^>\n\
            7 fsync(3<^/w/d/f^> <unfinished ...>\n\
            8 pwrite64(3<^/w/d/f^>, \"^late^\", 4, 9) = 2\n\
            8 write(1<^pipe:[1]^>, \"^ack 1\nack^\", 9) = 9\n\
            7 <... fsync resumed>) = 0\n\
            7 write(3<^/w/d/f^>, \"^two^\", 3) = 3\n\
            8 write(1<pipe:[1]>, \"^ 2\n^\", 3) = 3\n\
            7 fdatasync(3<^/w/d/f^>) = -1 EIO (Input/output error) (INJECTED)\n\
            7 ftruncate(3<^/w/d/f^>, 4) = 0\n\
            7 unlink(\"^/w/none^\") = -1 ENOENT (No such file or directory)\n\
            7 rename(\"^/w/d/f^\", \"^/w/d/g^\") = 0\n\
            8 fsync(6<^/w/d^> <unfinished ...>\n\
            7 write(3<^/w/d/g^>, \"^!^\", 1 <unfinished ...>\n\
            7 +++ killed by SIGKILL +++\n";
        let recording = read(text).unwrap();
        let calls: Vec<&Call> = recording
            .events
            .iter()
            .filter_map(|event| if let Event::Call(call) = event { Some(call) } else { None })
            .collect();
        assert_eq!(calls.len(), 9);
        assert_eq!(calls[3], &Call::Write { path: "/d/f".into(), at: 9, bytes: b"la".to_vec() }, "a short write");
        assert_eq!(calls[4], &Call::Sync { path: "/d/f".into(), before: 3 }, "what came beside a sync is not covered");
        assert_eq!(calls[6], &Call::FailedSync { path: "/d/f".into() });
        let notes: Vec<&Event<String>> =
            recording.events.iter().filter(|event| matches!(event, Event::Note(_))).collect();
        assert_eq!(notes, [&Event::Note("ack 1".to_owned()), &Event::Note("ack 2".to_owned())]);
        let mut disk = Disk::new();
        calls.into_iter().for_each(|call| disk.apply(call).unwrap());
        assert_eq!(disk.read(Path::new("/d/g")).unwrap(), b"onet");
        assert_eq!(recording.in_flight.len(), 2);
        assert!(recording.in_flight.contains(&Event::Call(Call::Write {
            path: "/d/g".into(),
            at: 6,
            bytes: b"!".to_vec()
        })));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for bad in [
            "7 link(\"^/w/a^\", \"^/w/b^\") = 0",
            "7 fallocate(3<^/w/a^>, 0, 0, 10) = 0",
            "7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3<^/w/a^>, 0) = 0x7f",
            "7 rename(\"^/w/a^\", \"^/elsewhere^\") = 0",
            "7 write(3<^/w/a^>, \"^abc^\"..., 3) = 3",
            "7 write(3<^/w/a^>, \"abc\", 3) = 3",
            "7 openat(AT_FDCWD<^/^>, \"^/w/a^\", O_WRONLY|O_APPEND) = 3<^/w/a^>",
            "7 <... write resumed>) = 3",
            "7 unlinkat(AT_FDCWD<^/^>, \"^/w/d^\", AT_REMOVEDIR) = 0",
            "7 what",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let elsewhere =
            "7 link(\"^/a^\", \"^/b^\") = 0\n7 fallocate(3<^/a^>, 0, 0, 10) = 0\n7 fsync(3<^/w/a^>(deleted)) = 0\n";
        assert_eq!(read(elsewhere).unwrap().events, []);
    }
}
