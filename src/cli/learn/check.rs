//! `blankline learn check`: whether lessons teach what they say, tried with the real commands.
//!
//! Each lesson gets a site of its own, in both languages, and is walked through twice: as somebody who uses curl, and as
//! somebody who uses netcat. Before anything is typed, and after a request that has nothing to do with it, no step may be
//! done. On the first walk every near-miss of a step is typed before the step, and has to be told from all others; after
//! a step's own command it has to be done. Then the commands of the prose have to run.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cli::{CliError, Color, parse_serve_args};
use crate::clock::Clock;
use crate::engine::Background;
use crate::lessons::{
    Classroom, Course, Judged, Lesson, Step, Verdict, Watcher, fences, is_command, report,
};
use crate::wire::{Escaped, Lang};

/// The flags of `learn check`.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// Folder with en/NN-slug.md and zh/NN-slug.md [default: the lessons that are built in]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Only these lessons; several with commas
    #[arg(long, value_name = "NN", value_delimiter = ',')]
    only: Vec<String>,

    /// Lessons that are tried at once
    #[arg(long, env = "BLANKLINE_LEARN_JOBS", value_name = "N", default_value_t = 4, value_parser = crate::cli::serve::at_least_one)]
    jobs: usize,

    /// Leave out the commands of the prose
    #[arg(long, env = "BLANKLINE_LEARN_NO_PROSE", value_parser = clap::builder::FalseyValueParser::new())]
    no_prose: bool,
}

/// What is said of a lesson.
#[derive(Debug, Default)]
struct Outcome {
    steps: usize,
    near: usize,
    ways: usize,
    commands: usize,
    complaints: Vec<String>,
}

/// Checks lessons; the exit code is 1 when one is not right.
///
/// # Errors
///
/// When a folder cannot be read, and when there is nothing to check.
pub fn check(args: &CheckArgs, color: Color) -> Result<bool, CliError> {
    let course = match &args.folder {
        None => Course::built_in(),
        Some(folder) => Course::read(folder),
    };
    let course = match course {
        Ok(course) => Arc::new(course),
        Err(error @ crate::lessons::CourseError::Lesson(..)) => {
            crate::cli::print(&format!("{error}\n"), color)?;
            return Ok(false);
        }
        Err(crate::lessons::CourseError::Io(path, error)) => {
            return Err(CliError::Io {
                doing: format!("cannot read {}", path.display()),
                error,
                hint: "A folder of lessons has en/NN-slug.md, zh/NN-slug.md or both.",
            });
        }
    };
    let mut wanted = Vec::new();
    for number in &args.only {
        let found = course.find(number);
        wanted.push(
            found.ok_or_else(|| CliError::Usage(format!("--only: there is no lesson {number}")))?,
        );
    }
    if wanted.is_empty() {
        wanted = (0..course.lessons().len()).collect();
    }
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.min(wanted.len()) {
            scope.spawn(|| {
                while let Some(lesson) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = outcome(&course, *lesson, args);
                    outcomes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((*lesson, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(lesson, _)| *lesson);
    let mut text = String::from("lesson steps near-misses ways commands\n");
    let mut is_right = true;
    for (lesson, outcome) in &outcomes {
        let number = course
            .lessons()
            .get(*lesson)
            .map_or("", |texts| &texts.lesson().number);
        let Outcome {
            steps,
            near,
            ways,
            commands,
            complaints,
        } = outcome;
        text += &format!("{number:<6} {steps:>5} {near:>11} {ways:>4} {commands:>8}\n");
        for complaint in complaints {
            is_right = false;
            text += &format!("       {}\n", complaint.replace('\n', "\n       "));
        }
    }
    let complaints: usize = outcomes
        .iter()
        .map(|(_, outcome)| outcome.complaints.len())
        .sum();
    text += &format!("{} lessons, {complaints} complaints\n", outcomes.len());
    crate::cli::print(&text, color)?;
    Ok(is_right)
}

fn outcome(course: &Arc<Course>, place: usize, args: &CheckArgs) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(texts) = course.lessons().get(place) else {
        return outcome;
    };
    let langs: Vec<Lang> = [Lang::En, Lang::Zh]
        .into_iter()
        .filter(|lang| texts.is_in(*lang))
        .collect();
    let lesson = texts.lesson();
    outcome.steps = lesson.steps.len();
    outcome.near = lesson.steps.iter().map(|step| step.near.len()).sum();
    if lesson.steps.is_empty() {
        outcome.complaints.push("it has no step".to_owned());
    }
    // What was typed for one language need not be typed again for the other.
    let mut typed = BTreeSet::new();
    for lang in langs {
        let walk = Walk {
            course,
            place,
            lang,
        };
        for way in [0, 1] {
            let commands: Vec<&str> = texts
                .text(lang)
                .steps
                .iter()
                .map(|step| way_of(step, way))
                .collect();
            let near = texts
                .text(lang)
                .steps
                .iter()
                .flat_map(|step| &step.near)
                .map(|near| near.command.as_str());
            let all: Vec<String> = commands
                .into_iter()
                .chain(near)
                .map(str::to_owned)
                .collect();
            if typed.insert((way, all)) {
                let walked = walk.walk(way, &mut outcome);
                walked.unwrap_or_else(|error| {
                    outcome.complaints.push(format!("cannot be tried: {error}"))
                });
            }
        }
        if !args.no_prose {
            let ran = walk.prose(&mut outcome);
            ran.unwrap_or_else(|error| {
                outcome.complaints.push(format!("cannot be tried: {error}"))
            });
        }
    }
    outcome
}

/// The step's command in one of the two ways, or in the other where there is none.
fn way_of(step: &Step, way: usize) -> &str {
    let [curl, nc] = step.ways();
    let (first, second) = if way == 0 { (curl, nc) } else { (nc, curl) };
    if is_command(first) { first } else { second }
}

struct Walk<'a> {
    course: &'a Arc<Course>,
    place: usize,
    lang: Lang,
}

/// A site for one walk, and a shell beside it.
struct Desk {
    server: Background,
    classroom: Classroom,
    told: Receiver<Judged>,
    folder: tempfile::TempDir,
    /// A port that nobody uses, for the learner's own servers.
    free: u16,
    _data: tempfile::TempDir,
}

impl Walk<'_> {
    fn lesson(&self) -> Option<&Lesson> {
        self.course
            .lessons()
            .get(self.place)
            .map(|texts| texts.text(self.lang))
    }

    fn walk(&self, way: usize, outcome: &mut Outcome) -> io::Result<()> {
        let Some(lesson) = self.lesson() else {
            return Ok(());
        };
        let desk = Desk::new(self.course, self.place)?;
        let language = if self.lang == Lang::En { "en" } else { "zh" };
        let named = ["curl", "nc"].get(way).copied().unwrap_or_default();
        let mut complain = |step: &Step, sentence: String| {
            outcome.complaints.push(format!(
                "{language} {named}, step {}: {sentence}",
                step.name
            ));
        };
        desk.bystander()?;
        for step in &lesson.steps {
            if desk.is_done(&lesson.number, step) {
                complain(
                    step,
                    "it is done before anything was typed for it".to_owned(),
                );
            }
        }
        for (index, step) in lesson.steps.iter().enumerate() {
            if way == 0 {
                for (near, known) in step.near.iter().enumerate() {
                    let told = desk.type_in(&known.command, |told| is_near(told, index, near))?;
                    if let Some(complaint) = judge_near(&told, lesson, index, near) {
                        complain(
                            step,
                            format!("near {}: {complaint}\n{}", known.name, self.story(&told)),
                        );
                    }
                }
            }
            if desk.is_done(&lesson.number, step) {
                // An earlier step's command may do it too, as `curl -L` does.
                outcome.ways += usize::from(is_command(
                    step.ways().get(way).copied().unwrap_or_default(),
                ));
            }
            let command = way_of(step, way);
            let told = desk.type_in(command, |_| desk.is_done(&lesson.number, step))?;
            if !desk.is_done(&lesson.number, step) {
                complain(
                    step,
                    format!(
                        "its own command does not do it:\n{command}\n{}",
                        self.story(&told)
                    ),
                );
            } else {
                outcome.ways += usize::from(is_command(
                    step.ways().get(way).copied().unwrap_or_default(),
                ));
            }
        }
        Ok(())
    }

    fn prose(&self, outcome: &mut Outcome) -> io::Result<()> {
        let Some(lesson) = self.lesson() else {
            return Ok(());
        };
        let desk = Desk::new(self.course, self.place)?;
        let blocks = fences(&lesson.text).unwrap_or_default();
        for block in blocks.iter().filter(|block| block.info == "sh") {
            outcome.commands += 1;
            let code = desk.run(&block.text)?;
            if let Some(reason) = not_run(code) {
                let file = format!("{}-{}.md", lesson.number, lesson.slug);
                outcome
                    .complaints
                    .push(format!("{file}:{}: the block {reason}", block.line));
            }
        }
        Ok(())
    }

    /// What was judged, in words.
    fn story(&self, told: &[Judged]) -> String {
        let Some(texts) = self.course.lessons().get(self.place) else {
            return String::new();
        };
        let mut story = String::new();
        for judged in told {
            let seen = &judged.seen;
            let line = seen
                .request
                .bytes()
                .split(|&octet| octet == b'\n')
                .next()
                .unwrap_or_default();
            story += &format!("  > {}\n", Escaped(line));
            for report in report::reports(texts, judged, self.lang) {
                for line in report.lines(seen, self.lang) {
                    story += &format!("    {line}\n");
                }
            }
        }
        if story.is_empty() {
            story.push_str("  nothing reached the server\n");
        }
        story
    }
}

impl Desk {
    fn new(course: &Arc<Course>, place: usize) -> io::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut args = parse_serve_args(std::iter::empty()).map_err(io::Error::other)?;
        args.store.data = Some(data.path().to_owned());
        let classroom = Classroom::of_one(Arc::clone(course), Clock::System.wall());
        classroom.room().open("", place);
        let (sender, told) = channel();
        classroom.room().listen(move |what| {
            if let Some(judged) = &what.judged {
                // Nobody listens any more when the walk is over.
                let _over = sender.send(judged.clone());
            }
        });
        let tapped = classroom.clone();
        let server = args.background(Some(&classroom), || {
            Some(Box::new(Watcher::new(tapped.clone())))
        });
        let server = server.map_err(|error| io::Error::other(error.to_string()))?;
        // Free now; whoever takes it meanwhile makes the command fail, which is seen.
        let free = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?
            .local_addr()?
            .port();
        Ok(Self {
            server,
            classroom,
            told,
            folder: tempfile::tempdir()?,
            free,
            _data: data,
        })
    }

    fn is_done(&self, lesson: &str, step: &Step) -> bool {
        let room = self.classroom.room();
        room.learner("")
            .is_some_and(|learner| learner.has_done(lesson, &step.name))
    }

    /// A request that has nothing to do with any lesson.
    fn bystander(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.server.address())?;
        stream.write_all(b"GET /favicon.ico HTTP/1.0\r\nHost: bystander\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new())?;
        // It was judged by then, or will be in a moment.
        let _judged = self.told.recv_timeout(PATIENCE);
        Ok(())
    }

    /// Runs a command, and takes what was judged until `is_enough`, or for a while after its end.
    fn type_in(
        &self,
        command: &str,
        is_enough: impl Fn(&Judged) -> bool,
    ) -> io::Result<Vec<Judged>> {
        let code = self.run(command)?;
        if let Some(reason) = not_run(code) {
            return Err(io::Error::other(format!("`{command}` {reason}")));
        }
        let mut told: Vec<Judged> = Vec::new();
        let mut is_over = false;
        while !is_over {
            // What the command did is judged in the turn of its last byte, so only who waits in vain waits long. A
            // connection that ended with the command may have a last word, which is not the next command's.
            let wait = if told.iter().any(&is_enough) {
                LAST_WORD
            } else {
                PATIENCE
            };
            match self.told.recv_timeout(wait) {
                Ok(next) => told.push(next),
                Err(_) => is_over = true,
            }
        }
        Ok(told)
    }

    fn run(&self, commands: &str) -> io::Result<Option<i32>> {
        let address = self.server.address();
        let commands = commands
            .replace("127.0.0.1:8000", &address.to_string())
            .replace("127.0.0.1 8000", &format!("127.0.0.1 {}", address.port()))
            .replace("127.0.0.1/8000", &format!("127.0.0.1/{}", address.port()))
            .replace(":8000:", &format!(":{}:", address.port()))
            .replace(".test:8000", &format!(".test:{}", address.port()))
            .replace("9000", &self.free.to_string());
        let program = std::env::current_exe()?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = program.parent().map(Path::to_owned);
        let folders = own.into_iter().chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).map_err(io::Error::other)?;
        let status = Command::new("timeout")
            .args(["30", "bash", "-c", &commands])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env("PATH", path)
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", self.folder.path())
            .env("no_proxy", "*")
            .env_remove("CURL_HOME")
            .status()?;
        Ok(status.code())
    }
}

/// For what a command leaves behind.
const LAST_WORD: Duration = Duration::from_millis(30);

/// For what has not happened yet when a command is over.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a command did not run, if it did not. How it ended otherwise is the lesson's affair: curl often ends with an error
/// on purpose.
fn not_run(code: Option<i32>) -> Option<&'static str> {
    match code {
        Some(124) => Some("did not end within 30 s"),
        Some(125..=127) => Some("could not be run: is every program there?"),
        _ => None,
    }
}

fn is_near(judged: &Judged, step: usize, near: usize) -> bool {
    matches!(&*judged.verdict, Verdict::Near { step: one, near: other, .. } if (*one, *other) == (step, near))
}

fn judge_near(told: &[Judged], lesson: &Lesson, step: usize, near: usize) -> Option<String> {
    for judged in told {
        match &*judged.verdict {
            Verdict::Near {
                step: one,
                near: other,
                ..
            } if (*one, *other) != (step, near) => {
                let other = lesson
                    .steps
                    .get(*one)
                    .and_then(|step| Some((&step.name, &step.near.get(*other)?.name)));
                let (step, near) = other?;
                return Some(format!("its command is taken for {step} ({near})"));
            }
            Verdict::Passed(passed) if passed.iter().any(|passed| passed.step == step) => {
                return Some("its command does the step".to_owned());
            }
            _ => {}
        }
    }
    let is_known = told.iter().any(|told| is_near(told, step, near));
    (!is_known).then(|| "its command is not taken for it".to_owned())
}
