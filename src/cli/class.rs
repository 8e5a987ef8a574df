//! The flags of lessons, what they make, and the file of progress on the disk.
//!
//! In a class the file is written by a thread of its own, which is woken after every exchange and adds what is new.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::SystemTime;

use clap::builder::FalseyValueParser;

use super::CliError;
use crate::lessons::{Classroom, Course, CourseError, progress};

/// The flags of lessons.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Lessons")]
pub struct LessonArgs {
    /// Teach a class: learners ask for /u/NAME/..., and the live page shows who is at which step
    #[arg(long, env = "BLANKLINE_CLASS", value_parser = FalseyValueParser::new())]
    pub class: bool,

    /// Learners of a class; whoever comes after them is served and not watched
    #[arg(long, env = "BLANKLINE_LEARNERS", value_name = "N", default_value_t = 200, value_parser = super::serve::at_least_one)]
    pub learners: usize,

    /// Folder with more lessons: en/NN-slug.md and zh/NN-slug.md, one of both at least
    #[arg(long, env = "BLANKLINE_LESSONS", value_name = "DIR")]
    pub lessons: Option<PathBuf>,

    /// File of progress [default: progress.txt in blankline's folder of the XDG state folder]
    #[arg(long, env = "BLANKLINE_PROGRESS", value_name = "FILE")]
    pub progress: Option<PathBuf>,
}

/// A class under way.
#[derive(Debug)]
pub struct Class {
    classroom: Classroom,
    thread: JoinHandle<()>,
}

/// The file of progress.
#[derive(Debug)]
pub struct ProgressFile {
    path: PathBuf,
    file: File,
    /// Learner, lesson and step of each line that is in it.
    written: BTreeSet<(String, String, String)>,
}

impl LessonArgs {
    /// The course: the lessons that are built in, and those of the folder.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read, or a lesson in it is not right.
    pub fn course(&self) -> Result<Arc<Course>, CliError> {
        let course = Course::built_in().map_err(course_error)?;
        let course = match &self.lessons {
            None => course,
            Some(folder) => course.with(folder).map_err(course_error)?,
        };
        Ok(Arc::new(course))
    }

    /// Where progress is kept.
    ///
    /// # Errors
    ///
    /// When nothing says where this user's files are.
    pub fn progress_path(&self) -> Result<PathBuf, CliError> {
        if let Some(path) = &self.progress {
            return Ok(path.clone());
        }
        // XDG: an absolute path in the variable, else the usual folder at home.
        let named = std::env::var_os("XDG_STATE_HOME")
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute());
        let home = || std::env::var_os("HOME").filter(|home: &OsString| !home.is_empty());
        let folder = named.or_else(|| home().map(|home| Path::new(&home).join(".local/state")));
        folder.map(|folder| folder.join("blankline/progress.txt")).ok_or_else(|| {
            CliError::Usage("neither HOME nor XDG_STATE_HOME says where progress is kept: name a file with --progress".to_owned())
        })
    }
}

impl Class {
    /// Opens the class that the flags ask for, if they do, with the progress of its learners.
    ///
    /// # Errors
    ///
    /// As [`LessonArgs::course`] and [`ProgressFile::open`].
    pub fn open(args: &LessonArgs, now: SystemTime) -> Result<Option<Self>, CliError> {
        if !args.class {
            return Ok(None);
        }
        let classroom = Classroom::of_many(args.course()?, args.learners);
        let mut file = ProgressFile::open(&args.progress_path()?, &classroom, now)?;
        let (wake, woken) = sync_channel(1);
        classroom.room().listen(move |_| {
            // Full: it is going to look anyway.
            let _full = wake.try_send(());
        });
        let watched = classroom.clone();
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                let mut has_failed = false;
                while woken.recv().is_ok() {
                    if let Err(error) = file.save(&watched)
                        && !std::mem::replace(&mut has_failed, true)
                    {
                        anstream::eprintln!("blankline: progress is not kept: {error}");
                    }
                }
            });
        let thread = thread.map_err(super::serve::failed)?;
        Ok(Some(Self { classroom, thread }))
    }

    /// Waits until everything that was done is in the file.
    pub fn finish(self) {
        // Who listened is dropped, and with it the last reason to wait.
        self.classroom.room().hush();
        // It cannot fail but by a panic, which the panic itself has told.
        let _panicked = self.thread.join();
    }

    /// Its learners.
    #[must_use]
    pub const fn classroom(&self) -> &Classroom {
        &self.classroom
    }
}

impl ProgressFile {
    /// Opens the file, which is made if it is missing, and puts what it says into the classroom.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written.
    pub fn open(path: &Path, classroom: &Classroom, now: SystemTime) -> Result<Self, CliError> {
        let failed = |error: io::Error| CliError::Io {
            doing: format!("cannot keep progress in {}", path.display()),
            error,
            hint: "Name another file with --progress.",
        };
        let text = read(path).map_err(failed)?;
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        if text.is_empty() {
            file.write_all(progress::TITLE.as_bytes()).map_err(failed)?;
        } else if !text.ends_with('\n') {
            // A line that was cut off stays one line.
            file.write_all(b"\n").map_err(failed)?;
        }
        let mut written = BTreeSet::new();
        let mut room = classroom.room();
        for (learner, done) in progress::read(&text) {
            for (lesson, step) in done.keys() {
                written.insert((learner.clone(), lesson.clone(), step.clone()));
            }
            // Whose it is depends on whether this is a class.
            if learner.is_empty() != room.is_class() {
                room.restore(&learner, done, now);
            }
        }
        drop(room);
        let path = path.to_owned();
        Ok(Self {
            path,
            file,
            written,
        })
    }

    /// Adds what was done since the last time.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn save(&mut self, classroom: &Classroom) -> io::Result<()> {
        let mut lines = String::new();
        {
            let room = classroom.room();
            for (name, learner) in room.learners() {
                for ((lesson, step), at) in &learner.done {
                    let key = (name.to_owned(), lesson.clone(), step.clone());
                    if !self.written.contains(&key) {
                        lines += &progress::line(*at, lesson, step, name);
                        self.written.insert(key);
                    }
                }
            }
        }
        // One write: a line is there whole or not at all, also when the program is killed right after it.
        self.file.write_all(lines.as_bytes())
    }

    /// Writes the whole file anew, without the lines of this lesson of this learner.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub fn forget(&mut self, learner: &str, lesson: &str) -> io::Result<()> {
        let mut learners = progress::read(&read(&self.path)?);
        if let Some(done) = learners.get_mut(learner) {
            done.retain(|(number, _), _| number != lesson);
        }
        replace(&self.path, &progress::write(&learners))?;
        self.written
            .retain(|(name, number, _)| name != learner || number != lesson);
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        Ok(())
    }
}

/// The file's text; an empty one if there is no file. Its folder is made.
///
/// # Errors
///
/// The disk's.
pub fn read(path: &Path) -> io::Result<String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Puts a file in another's place in one step, so that one of the two is there whatever happens.
///
/// # Errors
///
/// The disk's.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// A course that cannot be read, as an error of the command line.
pub(super) fn course_error(error: CourseError) -> CliError {
    match error {
        CourseError::Lesson(..) => CliError::Usage(error.to_string()),
        CourseError::Io(path, error) => CliError::Io {
            doing: format!("cannot read {}", path.display()),
            error,
            hint: "A folder of lessons has en/NN-slug.md, zh/NN-slug.md or both.",
        },
    }
}
