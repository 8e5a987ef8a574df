//! Who is at which step: the learners, what each has done, and what was seen of each last.
//!
//! One learner works without a name, and whoever runs the program says at which lesson. In a class, a learner is
//! whoever sends requests under `/u/NAME/`, and is at the lesson that a path `/l/NN/...` named last. Names are what
//! strangers typed: they are bounded here, and escaped wherever they are shown.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::course::Course;
use super::judge::{Past, Verdict, judge};
use super::notebook::Texts;
use super::seen::{Kind, Seen, bare};

/// The learners of a course. A clone is another handle on the same.
#[derive(Clone, Debug)]
pub struct Classroom(Arc<Mutex<Room>>);

/// What there is in a classroom.
pub struct Room {
    course: Arc<Course>,
    /// How many learners there may be; none when only one without a name is.
    most: Option<usize>,
    learners: BTreeMap<String, Learner>,
    /// How many came when there was no more room.
    turned_away: u64,
    /// The learner of each address, for requests that are too broken to say.
    addresses: BTreeMap<IpAddr, String>,
    revision: u64,
    listeners: Vec<Listener>,
}

type Listener = Box<dyn Fn(&Told) + Send>;

/// One of them.
#[derive(Clone, Debug)]
pub struct Learner {
    /// The lesson's place in the course.
    pub lesson: usize,
    /// When each step was done, by lesson number and step.
    pub done: Done,
    /// Hints that were asked for, by step; in the lesson at hand.
    pub hints: BTreeMap<usize, usize>,
    /// What was seen last in the lesson at hand.
    pub last: Option<Judged>,
    /// When something was done last, or the learner came.
    pub moved: SystemTime,
    /// When anything was seen last.
    pub seen: SystemTime,
    /// When a path led to the lesson at hand.
    led: SystemTime,
    past: Past,
}

/// When each step was done, by lesson number and step.
pub type Done = BTreeMap<(String, String), SystemTime>;

/// An exchange and what became of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The exchange.
    pub seen: Arc<Seen>,
    /// What became of it.
    pub verdict: Arc<Verdict>,
}

/// Something that whoever shows the classroom should hear of.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whose it is; empty for the one without a name.
    pub learner: String,
    /// The lesson's place in the course.
    pub lesson: usize,
    /// The step at hand since then, if any.
    pub step: Option<usize>,
    /// What was seen; none when something else has changed, such as the hints or the lesson.
    pub judged: Option<Judged>,
}

impl Classroom {
    /// A classroom for one learner without a name, at the first lesson.
    #[must_use]
    pub fn of_one(course: Arc<Course>, now: SystemTime) -> Self {
        let room = Room::new(course, None);
        let classroom = Self(Arc::new(Mutex::new(room)));
        classroom
            .room()
            .learners
            .insert(String::new(), Learner::new(now));
        classroom
    }

    /// A classroom for at most so many learners with names.
    #[must_use]
    pub fn of_many(course: Arc<Course>, most: usize) -> Self {
        Self(Arc::new(Mutex::new(Room::new(course, Some(most)))))
    }

    /// What there is, for as long as nobody else may look or change it: briefly.
    pub fn room(&self) -> MutexGuard<'_, Room> {
        // Also after a panic: what it shows is better than nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn new(course: Arc<Course>, most: Option<usize>) -> Self {
        Self {
            course,
            most,
            learners: BTreeMap::new(),
            turned_away: 0,
            addresses: BTreeMap::new(),
            revision: 0,
            listeners: Vec::new(),
        }
    }

    /// Whom else to tell of every exchange that was judged, and of every other change. Called on the loop and while
    /// nobody else may look: it must not wait.
    pub fn listen(&mut self, told: impl Fn(&Told) + Send + 'static) {
        self.listeners.push(Box::new(told));
    }

    /// Tells nobody any more.
    pub fn hush(&mut self) {
        self.listeners.clear();
    }

    fn tell(&mut self, name: &str, judged: Option<Judged>) {
        self.revision += 1;
        let learner = self.learners.get(name);
        let lesson = learner.map_or(0, |learner| learner.lesson);
        let told = Told {
            learner: name.to_owned(),
            lesson,
            step: learner.and_then(|learner| learner.step(self.course.lessons().get(lesson)?)),
            judged,
        };
        for listener in &self.listeners {
            listener(&told);
        }
    }

    /// The course.
    #[must_use]
    pub const fn course(&self) -> &Arc<Course> {
        &self.course
    }

    /// Whether learners have names.
    #[must_use]
    pub const fn is_class(&self) -> bool {
        self.most.is_some()
    }

    /// How many learners with names there may be.
    #[must_use]
    pub const fn most(&self) -> Option<usize> {
        self.most
    }

    /// The learners, by name.
    pub fn learners(&self) -> impl Iterator<Item = (&str, &Learner)> {
        self.learners
            .iter()
            .map(|(name, learner)| (name.as_str(), learner))
    }

    /// One of them.
    #[must_use]
    pub fn learner(&self, name: &str) -> Option<&Learner> {
        self.learners.get(name)
    }

    /// How many came when there was no more room.
    #[must_use]
    pub const fn turned_away(&self) -> u64 {
        self.turned_away
    }

    /// Grows with every change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Puts back what a learner had done before.
    pub fn restore(&mut self, name: &str, done: Done, now: SystemTime) {
        if !self.admits(name) {
            return;
        }
        let learner = self
            .learners
            .entry(name.to_owned())
            .or_insert_with(|| Learner::new(now));
        learner.done = done;
        self.tell(name, None);
    }

    /// Opens a lesson, by its place in the course; what was seen in the one before is forgotten.
    pub fn open(&mut self, name: &str, lesson: usize) {
        if let Some(learner) = self.learners.get_mut(name)
            && lesson < self.course.lessons().len()
        {
            learner.open(lesson);
            self.tell(name, None);
        }
    }

    /// Forgets what was done in a learner's lesson.
    pub fn reset(&mut self, name: &str) {
        if let Some(learner) = self.learners.get_mut(name)
            && let Some(texts) = self.course.lessons().get(learner.lesson)
        {
            let number = &texts.lesson().number;
            learner.done.retain(|(lesson, _), _| lesson != number);
            learner.open(learner.lesson);
            self.tell(name, None);
        }
    }

    /// Gives the learner's next hint of a step, and says how many there are now.
    pub fn hint(&mut self, name: &str, step: usize) -> usize {
        let Some(learner) = self.learners.get_mut(name) else {
            return 0;
        };
        let given = learner.hints.entry(step).or_default();
        *given += 1;
        let given = *given;
        self.tell(name, None);
        given
    }

    /// Takes an exchange, or a request that has stopped half-way.
    pub fn see(&mut self, seen: Seen, from: IpAddr) {
        let Some(name) = self.whose(&seen, from) else {
            return;
        };
        if !self.admits(&name) {
            self.turned_away += 1;
            self.tell(&name, None);
            return;
        }
        let named = seen.lesson.as_deref();
        let named = named.and_then(|number| self.course.find(number));
        let is_class = self.is_class();
        let learner = self
            .learners
            .entry(name.clone())
            .or_insert_with(|| Learner::new(seen.at));
        if let Some(named) = named.filter(|named| is_class && *named != learner.lesson) {
            // What ends late, or goes silent, belongs to a lesson that the learner has left.
            if seen.at < learner.led || seen.kind == Kind::Waiting {
                return;
            }
            learner.led = seen.at;
            learner.open(named);
        }
        let texts = self.course.lessons().get(learner.lesson);
        let judged = texts
            .filter(|_| !is_aside(&seen))
            .map(|texts| learner.judge(texts, seen));
        self.tell(&name, judged);
    }

    fn whose(&mut self, seen: &Seen, from: IpAddr) -> Option<String> {
        if !self.is_class() {
            return Some(String::new());
        }
        if let Some(name) = &seen.learner {
            // No more addresses than learners.
            if self.addresses.len() < self.most.unwrap_or_default()
                || self.addresses.contains_key(&from)
            {
                self.addresses.insert(from, name.clone());
            }
            return Some(name.clone());
        }
        // A request whose target cannot be read is whoever's was the last from there; one to another page is nobody's.
        if seen.path.is_empty() {
            return self.addresses.get(&from).cloned();
        }
        None
    }

    fn admits(&self, name: &str) -> bool {
        let is_known = self.learners.contains_key(name);
        let has_room = self.most.is_none_or(|most| self.learners.len() < most);
        is_known || has_room
    }
}

impl Learner {
    fn new(now: SystemTime) -> Self {
        Self {
            lesson: 0,
            done: Done::new(),
            hints: BTreeMap::new(),
            last: None,
            moved: now,
            seen: now,
            led: now,
            past: Past::default(),
        }
    }

    fn open(&mut self, lesson: usize) {
        self.lesson = lesson;
        self.hints.clear();
        self.last = None;
        self.past = Past::default();
    }

    fn judge(&mut self, texts: &Texts, seen: Seen) -> Judged {
        let lesson = texts.lesson();
        let key = |step: &str| (lesson.number.clone(), step.to_owned());
        let verdict = judge(
            lesson,
            |step| self.done.contains_key(&key(&step.name)),
            &seen,
            &self.past,
        );
        self.past.remember(&seen);
        self.seen = seen.at;
        if let Verdict::Passed(passed) = &verdict {
            self.moved = seen.at;
            for step in passed
                .iter()
                .filter_map(|passed| lesson.steps.get(passed.step))
            {
                self.past.tick(&step.name, seen.at);
                self.done.insert(key(&step.name), seen.at);
            }
        }
        let judged = Judged {
            seen: Arc::new(seen),
            verdict: Arc::new(verdict),
        };
        self.last = Some(judged.clone());
        judged
    }

    /// Whether this step of a lesson is done.
    #[must_use]
    pub fn has_done(&self, lesson: &str, step: &str) -> bool {
        self.done
            .contains_key(&(lesson.to_owned(), step.to_owned()))
    }

    /// How many steps of a lesson are done.
    #[must_use]
    pub fn steps_done(&self, texts: &Texts) -> usize {
        let lesson = texts.lesson();
        lesson
            .steps
            .iter()
            .filter(|step| self.has_done(&lesson.number, &step.name))
            .count()
    }

    /// The first step of a lesson that is not done, if any.
    #[must_use]
    pub fn step(&self, texts: &Texts) -> Option<usize> {
        let lesson = texts.lesson();
        lesson
            .steps
            .iter()
            .position(|step| !self.has_done(&lesson.number, &step.name))
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room")
            .field("learners", &self.learners)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// Whether this only asked for `/l/NN/check`, where a verdict is read, or `/l/NN/probe`, where one is asked for: what
/// the learner did is something else.
fn is_aside(seen: &Seen) -> bool {
    let path = bare(&seen.path);
    let is_page = path.ends_with(b"/check") || path.ends_with(b"/probe");
    seen.kind == Kind::Exchange && seen.lesson.is_some() && is_page
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::lessons::Lesson;
    use crate::lessons::seen::tests::seen;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// Two lessons of one step each.
    fn course() -> Arc<Course> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("en")).unwrap();
        for number in ["00", "01"] {
            let text = format!(
                "# {number} · Test\n\nText.\n\n```step go\ndo: Go.\ncurl: curl x\nnc: # no\nsee: path /l/{number}\n\
                 see: no refused\nhint: h\npass: p\nrule: r\n```\n"
            );
            Lesson::parse(&format!("{number}-test.md"), &text).unwrap();
            std::fs::write(folder.path().join(format!("en/{number}-test.md")), text).unwrap();
        }
        Arc::new(Course::read(folder.path()).unwrap())
    }

    fn ask(room: &mut Room, target: &str) {
        let request = format!("GET {target} HTTP/1.0\r\n\r\n");
        room.see(seen(&request, "HTTP/1.0 200 OK\r\n\r\n"), HERE);
    }

    #[test]
    fn one_learner_is_at_the_lesson_that_was_opened() {
        let classroom = Classroom::of_one(course(), NOW);
        let (sender, told) = channel();
        let mut room = classroom.room();
        room.listen(move |what| sender.send(what.judged.is_some()).unwrap());
        ask(&mut room, "/l/01");
        assert!(!room.learner("").unwrap().has_done("01", "go"));
        room.open("", 1);
        ask(&mut room, "/l/01");
        assert!(room.learner("").unwrap().has_done("01", "go"));
        ask(&mut room, "/l/01/check");
        room.hint("", 0);
        let judged: Vec<bool> = told.try_iter().collect();
        assert_eq!(judged, [true, false, true, false, false]);
        room.reset("");
        assert!(!room.learner("").unwrap().has_done("01", "go"));
        room.open("", 99);
        assert_eq!(room.learner("").unwrap().lesson, 1);
        room.hush();
        assert_eq!(told.try_iter().count(), 1);
        room.open("", 0);
        assert!(told.recv().is_err());
    }

    #[test]
    fn a_class_is_kept_apart_by_names_and_led_by_paths() {
        let classroom = Classroom::of_many(course(), 2);
        let mut room = classroom.room();
        ask(&mut room, "/u/ann/l/01");
        ask(&mut room, "/u/%E5%B0%8F/l/00");
        ask(&mut room, "/l/00");
        ask(&mut room, "/u/late/l/00");
        let names: Vec<&str> = room.learners().map(|(name, _)| name).collect();
        assert_eq!(names, ["ann", "小"]);
        assert_eq!(room.turned_away(), 1);
        assert!(room.learner("ann").unwrap().has_done("01", "go"));
        assert!(!room.learner("ann").unwrap().has_done("00", "go"));
        // Known learners are never turned away.
        ask(&mut room, "/u/ann/l/00/check");
        assert_eq!(room.learner("ann").unwrap().lesson, 0);
    }

    #[test]
    fn what_ends_late_leads_nobody_back() {
        let classroom = Classroom::of_many(course(), 2);
        let mut room = classroom.room();
        ask(&mut room, "/u/ann/l/00");
        let mut late = seen("GET /u/ann/l/00 HTTP/1.0\r\n\r\n", "");
        ask(&mut room, "/u/ann/l/01");
        late.at -= std::time::Duration::from_secs(1);
        room.see(late.clone(), HERE);
        late.at += std::time::Duration::from_secs(9);
        late.kind = Kind::Waiting;
        room.see(late, HERE);
        assert_eq!(room.learner("ann").unwrap().lesson, 1);
        assert!(room.learner("ann").unwrap().last.is_some());
    }

    #[test]
    fn a_request_too_broken_to_name_anybody_is_the_last_ones() {
        let classroom = Classroom::of_many(course(), 2);
        let mut room = classroom.room();
        let broken = || seen("nonsense\r\n\r\n", "");
        room.see(broken(), HERE);
        assert_eq!(room.learners().count(), 0);
        ask(&mut room, "/u/ann/l/01/x");
        room.see(broken(), HERE);
        let last = room.learner("ann").unwrap().last.clone().unwrap();
        assert_eq!(last.seen.request.bytes(), b"nonsense\r\n\r\n");
    }

    #[test]
    fn names_are_bounded() {
        let classroom = Classroom::of_many(course(), 9);
        let mut room = classroom.room();
        for name in ["x".repeat(33).as_str(), "%0a", "%ff", "%1b[2J"] {
            ask(&mut room, &format!("/u/{name}/l/00"));
        }
        assert_eq!(room.learners().count(), 0);
    }
}
