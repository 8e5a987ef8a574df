//! One learner at the console: exchanges and keys come in, screens go out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use signal_hook::consts::{SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator;

use super::LearnArgs;
use super::screen::{self, Frame, say};
use super::terminal::Terminal;
use crate::cli::class::ProgressFile;
use crate::cli::serve::{Ready, failed, warning};
use crate::cli::{CliError, Color};
use crate::engine::Background;
use crate::export::{Dissection, dissection_rows};
use crate::lessons::{Classroom, Judged, Told, Verdict};
use crate::wire::Lang;

/// What a session waits for.
#[derive(Debug)]
pub enum Input {
    /// A key was pressed.
    Key(u8),
    /// An exchange was judged, or something else has changed.
    Told(Box<Told>),
    /// The terminal has another size.
    Resized,
    /// The program is to end.
    Stop,
}

/// What is on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    Lesson,
    List,
    Exchange,
    /// The number of a lesson is being typed.
    Jump(String),
    /// The lesson will be reset if the key is pressed once more.
    Reset,
}

struct Session<'a> {
    classroom: Classroom,
    file: ProgressFile,
    terminal: Terminal,
    args: &'a LearnArgs,
    lang: Lang,
    places: String,
    site: SocketAddr,
    view: View,
    message: String,
    /// What was printed last where no screen can be drawn.
    said: Vec<screen::Row>,
    last: Option<Judged>,
    /// The classroom's revision and the lesson, as they were shown.
    shown: (u64, usize),
}

/// Teaches until the learner has enough.
///
/// # Errors
///
/// When there is no such lesson, and what `serve` fails for.
pub fn learn(args: &LearnArgs, color: Color) -> Result<(), CliError> {
    let serve = &args.serve;
    if serve.lessons.class {
        let sentence = "`learn` has one learner; a class is taught with `serve --class`";
        return Err(CliError::Usage(sentence.to_owned()));
    }
    let now = serve.clock().wall();
    let classroom = Classroom::of_one(serve.lessons.course()?, now);
    let mut file = ProgressFile::open(&serve.lessons.progress_path()?, &classroom, now)?;
    let lesson = first(args, &classroom)?;
    classroom.room().open("", lesson);
    // Screens and the console's lines do not go together; the trace may still go to a file.
    let mut quiet = serve.clone();
    quiet.quiet = true;
    let ready = Ready::new(&quiet, color, Some(&classroom))?;
    if !serve.bind.is_loopback() {
        anstream::eprintln!("{}", warning(serve.bind));
    }
    let mut places = format!("{} {}", say(serve.lang, ["site", "站点"]), ready.url);
    if let Some(page) = &ready.page {
        let name = say(serve.lang, ["live page", "实时页面"]);
        places += &format!("  {name} {}", page.url());
    }
    let Ready {
        engine, watchers, ..
    } = ready;
    let server = Background::start(engine).map_err(failed)?;
    let site = server.address();
    let (inputs, waiting) = channel();
    listen(&classroom, inputs.clone());
    let signals = signals(inputs.clone()).map_err(failed)?;
    Terminal::listen(inputs).map_err(failed)?;
    // Anything done before this moment is in the file.
    file.save(&classroom).map_err(failed)?;
    let mut session = Session {
        classroom,
        file,
        terminal: Terminal::new(color),
        args,
        lang: serve.lang,
        places,
        site,
        view: View::Lesson,
        message: String::new(),
        said: Vec::new(),
        last: None,
        shown: (0, lesson),
    };
    let taught = session.run(&waiting);
    drop(session);
    signals.close();
    drop(server);
    watchers.finish(serve.limits.stop_time);
    taught.map_err(failed)
}

/// The lesson to begin with: the one that was asked for, else the first that is not done.
fn first(args: &LearnArgs, classroom: &Classroom) -> Result<usize, CliError> {
    let room = classroom.room();
    if let Some(number) = &args.lesson {
        let found = room.course().find(number);
        return found.ok_or_else(|| {
            CliError::Usage(format!(
                "there is no lesson `{number}`; `blankline learn list` shows them all"
            ))
        });
    }
    let lessons = room.course().lessons();
    let is_open = |index: &usize| {
        let texts = lessons.get(*index);
        texts.is_some_and(|texts| {
            room.learner("")
                .and_then(|learner| learner.step(texts))
                .is_some()
        })
    };
    let wanted = (0..lessons.len()).filter(|index| args.wants(lessons.get(*index)));
    Ok(wanted.into_iter().find(is_open).unwrap_or_default())
}

fn listen(classroom: &Classroom, inputs: Sender<Input>) {
    classroom.room().listen(move |told| {
        // Nobody waits any more when the program is about to end.
        let _over = inputs.send(Input::Told(Box::new(told.clone())));
    });
}

/// Signals as inputs, until the handle is closed.
fn signals(inputs: Sender<Input>) -> io::Result<iterator::Handle> {
    let mut signals = iterator::Signals::new([SIGINT, SIGTERM, SIGWINCH])?;
    let handle = signals.handle();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let input = if signal == SIGWINCH {
                    Input::Resized
                } else {
                    Input::Stop
                };
                if inputs.send(input).is_err() {
                    return;
                }
            }
        })?;
    Ok(handle)
}

impl Session<'_> {
    fn run(&mut self, inputs: &Receiver<Input>) -> io::Result<()> {
        self.open();
        while let Ok(input) = inputs.recv() {
            match input {
                Input::Stop => return Ok(()),
                Input::Resized => self.draw(),
                Input::Told(told) => match told.judged {
                    Some(judged) => self.judged(judged, told.lesson, told.step)?,
                    None => self.changed(),
                },
                Input::Key(key) => {
                    if !self.key(key)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn frame(&self) -> Frame {
        let (width, height) = self.terminal.size();
        Frame {
            width,
            height,
            lang: self.lang,
            places: self.places.clone(),
            site: self.site,
        }
    }

    /// Shows a lesson that was just opened.
    fn open(&mut self) {
        if self.terminal.is_screen() {
            self.draw();
            return;
        }
        let room = self.classroom.room();
        if let Some(learner) = room.learner("") {
            self.shown = (room.revision(), learner.lesson);
            self.terminal
                .show(&screen::opening(&room, learner, &self.frame()));
        }
    }

    fn draw(&mut self) {
        if !self.terminal.is_screen() {
            return;
        }
        let room = self.classroom.room();
        let Some(learner) = room.learner("") else {
            return;
        };
        self.shown = (room.revision(), learner.lesson);
        let frame = self.frame();
        let rows = match &self.view {
            View::List => screen::list(&room, learner, &frame),
            View::Exchange => self.exchange(),
            View::Jump(typed) => {
                let question = say(self.lang, ["Which lesson? ", "第几课？"]);
                screen::lesson(&room, learner, &frame, &format!("{question}{typed}"))
            }
            View::Reset => {
                let question = say(
                    self.lang,
                    [
                        "Press r once more to begin this lesson anew.",
                        "再按一次 r，这一课就重新开始。",
                    ],
                );
                screen::lesson(&room, learner, &frame, question)
            }
            View::Lesson => screen::lesson(&room, learner, &frame, &self.message),
        };
        drop(room);
        self.terminal.show(&rows);
    }

    /// The last exchange with a label for every byte.
    fn exchange(&self) -> Vec<screen::Row> {
        let Some(judged) = &self.last else {
            let nothing = ["Nothing came yet.", "还没有收到任何东西。"];
            return vec![(anstyle::Style::new(), say(self.lang, nothing).to_owned())];
        };
        let seen = &judged.seen;
        let mut text = dissection_rows(
            &Dissection::request(seen.request.bytes().to_vec()),
            SHOWN,
            self.lang,
        );
        if !seen.response.bytes().is_empty() {
            text.push('\n');
            let response = Dissection::response(seen.response.bytes().to_vec());
            text += &dissection_rows(&response, SHOWN, self.lang);
        }
        text.lines()
            .map(|line| (anstyle::Style::new(), line.to_owned()))
            .collect()
    }

    /// Shows what the live page did; what was done here is shown already.
    fn changed(&mut self) {
        let room = self.classroom.room();
        let lesson = room.learner("").map_or(0, |learner| learner.lesson);
        let (is_new, is_another) = (room.revision() != self.shown.0, lesson != self.shown.1);
        drop(room);
        if self.terminal.is_screen() && is_new {
            self.draw();
        } else if is_another {
            // Plain lines have every hint of a lesson from the beginning.
            self.open();
        }
    }

    fn judged(&mut self, judged: Judged, lesson: usize, now: Option<usize>) -> io::Result<()> {
        self.message.clear();
        self.last = Some(judged.clone());
        self.file.save(&self.classroom)?;
        if self.terminal.is_screen() {
            self.view = View::Lesson;
            self.draw();
            return Ok(());
        }
        // The step that was at hand before this exchange: the first that is not done, or was done by it.
        let done_now: Vec<usize> = match &*judged.verdict {
            Verdict::Passed(passed) => passed.iter().map(|passed| passed.step).collect(),
            _ => Vec::new(),
        };
        let before = done_now.into_iter().chain(now).min();
        let course = Arc::clone(self.classroom.room().course());
        let Some(texts) = course.lessons().get(lesson) else {
            return Ok(());
        };
        let news = screen::news(texts, &judged, [before, now], &self.frame());
        // A client in a loop of redirects says the same fifty times, and we once.
        if self.said != news {
            self.terminal.show(&news);
            self.said = news;
        }
        let is_over = before.is_some() && now.is_none();
        if is_over && self.go(1) {
            self.open();
        }
        Ok(())
    }

    /// Whether the session goes on.
    fn key(&mut self, key: u8) -> io::Result<bool> {
        self.message.clear();
        if let View::Jump(typed) = &mut self.view {
            match key {
                b'\n' | b'\r' => {
                    let number = std::mem::take(typed);
                    self.view = View::Lesson;
                    self.jump(&number);
                }
                b'\x08' | b'\x7f' => {
                    typed.pop();
                    self.draw();
                }
                b'\x1b' => {
                    self.view = View::Lesson;
                    self.draw();
                }
                _ if key.is_ascii_alphanumeric() && typed.len() < 4 => {
                    typed.push(char::from(key));
                    self.draw();
                }
                _ => {}
            }
            return Ok(true);
        }
        let was = std::mem::replace(&mut self.view, View::Lesson);
        match key {
            b'q' | b'\x04' => return Ok(false),
            b'n' => self.walk(1),
            b'p' => self.walk(-1),
            b'h' => self.hint(),
            b'l' if was != View::List => self.view = View::List,
            b's' if was != View::Exchange => self.view = View::Exchange,
            b'j' => self.view = View::Jump(String::new()),
            b'r' if was == View::Reset => self.reset()?,
            b'r' => self.view = View::Reset,
            _ => {}
        }
        if self.terminal.is_screen() {
            self.draw();
        } else {
            self.answer(key);
        }
        Ok(true)
    }

    /// What a key shows where no screen can be drawn.
    fn answer(&mut self, key: u8) {
        match key {
            b'n' | b'p' if self.message.is_empty() => self.open(),
            b'h' => self.open(),
            b'l' => {
                let room = self.classroom.room();
                if let Some(learner) = room.learner("") {
                    self.terminal
                        .show(&screen::list(&room, learner, &self.frame()));
                }
            }
            b's' => self.terminal.show(&self.exchange()),
            _ => {}
        }
        if !self.message.is_empty() {
            self.terminal
                .show(&[(anstyle::Style::new(), self.message.clone())]);
        }
    }

    fn walk(&mut self, by: isize) {
        if !self.go(by) {
            let end = [
                "There is no further lesson that way.",
                "那个方向没有更多的课了。",
            ];
            say(self.lang, end).clone_into(&mut self.message);
        }
    }

    /// Opens the next lesson of the course, or the one before; whether there is one.
    fn go(&mut self, by: isize) -> bool {
        let mut room = self.classroom.room();
        let Some(mut place) = room.learner("").map(|learner| learner.lesson) else {
            return false;
        };
        loop {
            let Some(next) = place.checked_add_signed(by) else {
                return false;
            };
            let course = Arc::clone(room.course());
            let Some(texts) = course.lessons().get(next) else {
                return false;
            };
            place = next;
            if self.args.wants(Some(texts)) {
                room.open("", place);
                return true;
            }
        }
    }

    fn jump(&mut self, number: &str) {
        let mut room = self.classroom.room();
        match room.course().find(number) {
            Some(lesson) => room.open("", lesson),
            None => {
                self.message = match self.lang {
                    Lang::En => format!("There is no lesson {number}."),
                    Lang::Zh => format!("没有第 {number} 课。"),
                }
            }
        }
        drop(room);
        self.open();
    }

    fn hint(&mut self) {
        let mut room = self.classroom.room();
        let step = room
            .learner("")
            .and_then(|learner| learner.step(room.course().lessons().get(learner.lesson)?));
        if let Some(step) = step {
            room.hint("", step);
        }
    }

    fn reset(&mut self) -> io::Result<()> {
        let mut room = self.classroom.room();
        let lesson = room
            .learner("")
            .and_then(|learner| room.course().lessons().get(learner.lesson));
        let Some(number) = lesson.map(|texts| texts.lesson().number.clone()) else {
            return Ok(());
        };
        room.reset("");
        drop(room);
        self.file.forget("", &number)
    }
}

/// Bytes of a body that are shown.
const SHOWN: usize = 256;
