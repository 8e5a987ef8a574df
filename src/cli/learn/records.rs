//! `blankline learn list`, `reset` and `export`: the file of progress, read and written without a server.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::class::{LessonArgs, read, replace};
use crate::cli::{CliError, Color, parse_lang, print};
use crate::clock::Clock;
use crate::lessons::spreadsheet::cell;
use crate::lessons::{Classroom, Course, Done, progress};
use crate::wire::Lang;

/// What can be done with the file of progress.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum RecordsCommand {
    /// List the lessons, and how far each is done
    List {
        /// The files.
        #[command(flatten)]
        files: LessonArgs,
        /// The language: en or zh
        #[arg(long, env = "BLANKLINE_LANG", value_name = "en|zh", default_value = "en", value_parser = parse_lang)]
        lang: Lang,
    },
    /// Forget what was done: all of it, or in these lessons
    Reset {
        /// The files.
        #[command(flatten)]
        files: LessonArgs,
        /// The lessons
        #[arg(value_name = "LESSON")]
        only: Vec<String>,
    },
    /// Print what every learner has done
    Export {
        /// The files.
        #[command(flatten)]
        files: LessonArgs,
        /// As CSV, which is what it does without a flag too
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
///
/// # Errors
///
/// When the file cannot be read or written, or there is no such lesson.
pub fn records(command: &RecordsCommand, color: Color) -> Result<(), CliError> {
    match command {
        RecordsCommand::List { files, lang } => list(files, *lang, color),
        RecordsCommand::Reset { files, only } => reset(files, only),
        RecordsCommand::Export { files, json, .. } => {
            let learners = learners(files)?;
            let text = if *json {
                as_json(&learners)
            } else {
                as_csv(&learners)
            };
            print(&text, color)
        }
    }
}

type Learners = std::collections::BTreeMap<String, Done>;

fn learners(files: &LessonArgs) -> Result<Learners, CliError> {
    let path = files.progress_path()?;
    let text = read(&path).map_err(|error| CliError::Io {
        doing: format!("cannot read {}", path.display()),
        error,
        hint: "Name another file with --progress.",
    })?;
    Ok(progress::read(&text))
}

fn list(files: &LessonArgs, lang: Lang, color: Color) -> Result<(), CliError> {
    let course: Arc<Course> = files.course()?;
    let now = Clock::System.wall();
    let classroom = Classroom::of_one(Arc::clone(&course), now);
    let mut room = classroom.room();
    room.restore("", learners(files)?.remove("").unwrap_or_default(), now);
    let mut text = String::new();
    for texts in course.lessons() {
        let lesson = texts.text(lang);
        let done = room
            .learner("")
            .map_or(0, |learner| learner.steps_done(texts));
        let all = lesson.steps.len();
        let sign = if done == all { "✓" } else { " " };
        let star = if lesson.is_core { "★" } else { " " };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{sign} {:>2} {star} {done}/{all}  {}",
            lesson.number, lesson.title
        );
    }
    print(&text, color)
}

fn reset(files: &LessonArgs, only: &[String]) -> Result<(), CliError> {
    let course = files.course()?;
    let mut numbers = Vec::new();
    for number in only {
        let place = course
            .find(number)
            .and_then(|place| course.lessons().get(place));
        let texts =
            place.ok_or_else(|| CliError::Usage(format!("there is no lesson `{number}`")))?;
        numbers.push(texts.lesson().number.clone());
    }
    let path = files.progress_path()?;
    let mut learners = learners(files)?;
    for done in learners.values_mut() {
        done.retain(|(lesson, _), _| !numbers.is_empty() && !numbers.contains(lesson));
    }
    replace(&path, &progress::write(&learners)).map_err(|error| CliError::Io {
        doing: format!("cannot write {}", path.display()),
        error,
        hint: "Name another file with --progress.",
    })
}

fn as_json(learners: &Learners) -> String {
    let mut rows = Vec::new();
    for (learner, done) in learners {
        for ((lesson, step), at) in done {
            let at = progress::date(*at).octets();
            let at = String::from_utf8_lossy(&at);
            rows.push(json!({ "learner": learner, "lesson": lesson, "step": step, "at": at }));
        }
    }
    format!("{:#}\n", Value::from(rows))
}

fn as_csv(learners: &Learners) -> String {
    let mut text = String::from("learner,lesson,step,at\r\n");
    for (learner, done) in learners {
        for ((lesson, step), at) in done {
            let at = progress::date(*at).octets();
            let _ = write!(
                text,
                "{},{lesson},{step},\"{}\"\r\n",
                cell(learner),
                String::from_utf8_lossy(&at)
            );
        }
    }
    text
}
