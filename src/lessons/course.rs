//! All lessons in order: the notes that are built in, and those of a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::notebook::{Lesson, Texts, file_name};
use super::step::Complaint;
use crate::wire::Lang;

/// The lessons, in the order of their numbers; those with letters come last.
#[derive(Clone, Debug)]
pub struct Course {
    lessons: Vec<Texts>,
}

/// Why there is no course.
#[derive(Debug)]
pub enum CourseError {
    /// A lesson is not right.
    Lesson(PathBuf, Complaint),
    /// A folder or a file cannot be read.
    Io(PathBuf, io::Error),
}

impl Course {
    /// The lessons of the notes.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with one of them, which a test rules out.
    pub fn built_in() -> Result<Self, CourseError> {
        let mut files = Files::default();
        for (name, en, zh) in NOTES {
            let file = format!("{name}.md");
            files.add(Lang::En, Path::new("notes/en"), &file, en)?;
            files.add(Lang::Zh, Path::new("notes/zh"), &file, zh)?;
        }
        files.course()
    }

    /// These lessons, and those of a folder with `en/NN-slug.md` and `zh/NN-slug.md` in it, one of both at least. A
    /// lesson with a number that is there already takes its place.
    ///
    /// # Errors
    ///
    /// What cannot be read, or the first thing that is wrong with a lesson.
    pub fn with(self, folder: &Path) -> Result<Self, CourseError> {
        let added = Self::read(folder)?;
        let mut lessons = self.lessons;
        for lesson in added.lessons {
            let number = &lesson.lesson().number;
            match lessons
                .iter_mut()
                .find(|known| known.lesson().number == *number)
            {
                Some(known) => *known = lesson,
                None => lessons.push(lesson),
            }
        }
        lessons.sort_by_key(|lesson| order(&lesson.lesson().number));
        Ok(Self { lessons })
    }

    /// The lessons of a folder alone.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with); also when there is none.
    pub fn read(folder: &Path) -> Result<Self, CourseError> {
        let mut files = Files::default();
        let mut missing = None;
        for (lang, name) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
            let folder = folder.join(name);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    missing.get_or_insert(CourseError::Io(folder, error));
                    continue;
                }
            };
            for entry in entries {
                let entry = entry.map_err(|error| CourseError::Io(folder.clone(), error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if file_name(&name).is_some() {
                    let path = entry.path();
                    let text =
                        fs::read_to_string(&path).map_err(|error| CourseError::Io(path, error))?;
                    files.add(lang, &folder, &name, &text)?;
                }
            }
        }
        if files.0.is_empty() {
            return Err(missing.unwrap_or_else(|| {
                let error = io::Error::new(
                    io::ErrorKind::NotFound,
                    "no en/NN-slug.md and no zh/NN-slug.md",
                );
                CourseError::Io(folder.to_owned(), error)
            }));
        }
        files.course()
    }

    /// The lessons.
    #[must_use]
    pub fn lessons(&self) -> &[Texts] {
        &self.lessons
    }

    /// The place of the lesson with this number; `2` is `02`, and `T1` is `t1`.
    #[must_use]
    pub fn find(&self, number: &str) -> Option<usize> {
        let wanted = order(&number.trim().to_ascii_lowercase());
        self.lessons
            .iter()
            .position(|lesson| order(&lesson.lesson().number) == wanted)
    }
}

/// The texts of a course, by number and then by language.
#[derive(Default)]
struct Files(BTreeMap<Order, [Option<(PathBuf, Lesson)>; 2]>);

impl Files {
    fn add(
        &mut self,
        lang: Lang,
        folder: &Path,
        file: &str,
        text: &str,
    ) -> Result<(), CourseError> {
        let path = folder.join(file);
        let lesson = Lesson::parse(file, text)
            .map_err(|complaint| CourseError::Lesson(path.clone(), complaint))?;
        let texts = self.0.entry(order(&lesson.number)).or_default();
        let [en, zh] = texts;
        let place = if lang == Lang::En { en } else { zh };
        if place.is_some() {
            let sentence = "another lesson has this number".to_owned();
            return Err(CourseError::Lesson(path, Complaint { line: 1, sentence }));
        }
        *place = Some((path, lesson));
        Ok(())
    }

    fn course(self) -> Result<Course, CourseError> {
        let mut lessons = Vec::new();
        for [en, zh] in self.0.into_values() {
            let path = zh
                .as_ref()
                .or(en.as_ref())
                .map(|(path, _)| path.clone())
                .unwrap_or_default();
            let lesson = |text: Option<(PathBuf, Lesson)>| text.map(|(_, lesson)| lesson);
            let texts = Texts::new(lesson(en), lesson(zh));
            lessons.push(texts.map_err(|complaint| CourseError::Lesson(path, complaint))?);
        }
        Ok(Course { lessons })
    }
}

/// Numbers as numbers, those with a letter behind them all.
type Order = (bool, u32, String);

fn order(number: &str) -> Order {
    let digits = number.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = number.strip_suffix(digits).unwrap_or_default();
    (
        !letters.is_empty(),
        digits.parse().unwrap_or(u32::MAX),
        letters.to_owned(),
    )
}

impl std::fmt::Display for CourseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lesson(path, Complaint { line, sentence }) => {
                write!(f, "{}:{line}: {sentence}", path.display())
            }
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for CourseError {}

macro_rules! notes {
    ($($name:literal)+) => {
        /// Each lesson's file name, and its text in English and Chinese.
        const NOTES: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/notes/en/", $name, ".md")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/notes/zh/", $name, ".md")),
        ),)+];
    };
}

notes! {
    "00-first-bytes"
    "01-request-line"
    "02-blank-line"
    "03-crlf-or-lf"
    "04-fields"
    "05-http09"
    "06-versions"
    "07-head"
    "08-query"
    "09-target-limit"
    "10-get-and-post"
    "11-content-length"
    "12-methods"
    "13-status"
    "14-where-the-body-ends"
    "15-keep-alive"
    "16-expect"
    "17-redirect"
    "18-post-redirect-get"
    "19-redirect-loop"
    "20-multipart"
    "21-multipart-by-hand"
    "22-file-names"
    "23-chunks"
    "24-set-cookie"
    "25-cookie-lifetime"
    "26-cookie-path"
    "27-cookie-domain"
    "28-delete-cookie"
    "29-cookie-values"
    "30-history-cookie"
    "31-why-not-sent"
    "32-trust"
    "33-session-id"
    "34-login-and-logout"
    "35-cart"
    "36-session-expiry"
    "37-session-engines"
    "38-signed-cookies"
    "39-redis"
    "40-clearsessions"
    "41-not-modified"
    "42-dates"
    "43-static-files"
    "44-hotlink"
    "t1-be-the-server"
    "t2-ask-any-server"
    "t3-guess-the-fault"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_of_the_notes_is_built_in() {
        let mut names: Vec<String> = Vec::new();
        for folder in ["notes/en", "notes/zh"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if file_name(&name).is_some() {
                    names.push(name.trim_end_matches(".md").to_owned());
                }
            }
        }
        names.sort();
        names.dedup();
        let mut built_in: Vec<&str> = NOTES.iter().map(|(name, _, _)| *name).collect();
        built_in.sort_unstable();
        assert_eq!(built_in, names);
        Course::built_in().unwrap();
    }

    #[test]
    fn lessons_are_found_by_their_number_however_it_is_written() {
        let course = Course::built_in().unwrap();
        assert_eq!(course.find("0"), Some(0));
        assert_eq!(course.find("02"), course.find("2"));
        assert_eq!(course.find("T1"), course.find("t1"));
        assert_eq!(course.find("x"), None);
    }

    #[test]
    fn a_folder_adds_lessons_and_replaces_them() {
        let folder = tempfile::tempdir().unwrap();
        let en = folder.path().join("en");
        fs::create_dir(&en).unwrap();
        fs::write(en.join("README.md"), "no lesson").unwrap();
        fs::write(en.join("50-mine.md"), "# 50 · Mine\n\nHello.\n").unwrap();
        fs::write(en.join("00-mine.md"), "# 00 · Mine too\n").unwrap();
        let course = Course::built_in().unwrap();
        let before = course.lessons().len();
        let course = course.with(folder.path()).unwrap();
        assert_eq!(course.lessons().len(), before + 1);
        assert_eq!(course.lessons()[0].lesson().title, "Mine too");
        fs::write(en.join("51-bad.md"), "# 50 · Mine\n").unwrap();
        let error = Course::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("en/51-bad.md:1: "), "{error}");
        let nothing = tempfile::tempdir().unwrap();
        assert!(matches!(
            Course::read(nothing.path()),
            Err(CourseError::Io(..))
        ));
    }
}
