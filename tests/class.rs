//! A class: a hundred learners at once do the core course with real commands, kept apart by the names in their paths,
//! and each gets the verdicts that are theirs.
//!
//! A learner is one shell in a folder of its own, which types what the lessons themselves say; a sixth of them takes
//! a known wrong way first.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use blankline::lessons::{Check, Course, Step, is_command};
use blankline::wire::Lang;
use support::{Program, answering, converse, has_tool};

const LEARNERS: usize = 100;

/// Names that need no escape in a path, a shell or a printf.
fn name(learner: usize) -> String {
    match learner % 3 {
        0 => format!("ann-{learner}"),
        1 => format!("Bo_{learner}"),
        _ => format!("=x.{learner}"),
    }
}

/// The lesson's own command for a step: netcat's for some learners, curl's for others, and the other one where there is none.
fn way(step: &Step, learner: usize) -> &str {
    let ways = step.ways();
    let (first, second) = (ways[learner % 2], ways[(learner + 1) % 2]);
    if is_command(first) { first } else { second }
}

/// Commands as this learner types them: on the server's port, with the name before each path.
fn typed(commands: &str, name: &str, port: u16) -> String {
    commands
        .replace("127.0.0.1:8000", &format!("127.0.0.1:{port}"))
        .replace("127.0.0.1 8000", &format!("127.0.0.1 {port}"))
        .replace("/raw", &format!("/u/{name}/raw"))
        .replace("/l/", &format!("/u/{name}/l/"))
}

/// Whether a near-miss is one request to the lesson, so that its verdict is the last one.
fn is_plain(command: &str) -> bool {
    let asks = command.matches("curl ").count() + command.matches("nc ").count();
    command.contains("/l/") && asks == 1 && !command.contains("-L") && !command.contains("sleep")
}

/// Everything that one learner types.
fn script(course: &Course, learner: usize, port: u16) -> String {
    let name = name(learner);
    let typed = |commands: &str| typed(commands, &name, port);
    let lang = if learner.is_multiple_of(2) {
        Lang::En
    } else {
        Lang::Zh
    };
    let mut script = String::new();
    for texts in course
        .lessons()
        .iter()
        .filter(|texts| texts.lesson().is_core)
    {
        let lesson = texts.text(lang);
        let number = &lesson.number;
        let check = typed(&format!("curl -s 'http://127.0.0.1:8000/l/{number}/check'"));
        // It also says which lesson this is: in a class the path leads.
        writeln!(script, "{check} > /dev/null").unwrap();
        // Where requests stop half-way, the verdict on one may come after that on the next.
        let mut near = lesson.steps.iter().flat_map(|step| &step.near);
        let has_silences = near.any(|near| near.signs.iter().any(Check::is_about_waiting));
        for step in &lesson.steps {
            let wrong = step.near.iter().find(|near| is_plain(&near.command));
            if let Some(near) = wrong.filter(|_| learner.is_multiple_of(6) && !has_silences) {
                let (step, near, command) = (&step.name, &near.name, typed(&near.command));
                let signs = format!("-e '({near})' -e '^✓ {step}$'");
                let story = format!("{{ echo '{number} {step}: {near} is not told:'; cat said; }}");
                // A command before it may have done the step too, as `curl -L` does.
                writeln!(script, "if {check} | grep -q '^· {step}$'; then").unwrap();
                writeln!(
                    script,
                    "( {command}\n) > /dev/null 2>&1\n{check} > said\ngrep -q {signs} said || {story}\nfi"
                )
                .unwrap();
            }
            let command = typed(way(step, learner));
            writeln!(script, "( {command}\n) > /dev/null 2>&1").unwrap();
        }
        writeln!(
            script,
            "{check} | grep -x '· [a-z0-9-]*' | sed 's/^/{number} not done: /'"
        )
        .unwrap();
    }
    script
}

fn learn(script: &str, folder: &Path) -> Child {
    std::fs::create_dir(folder).unwrap();
    // A script of this length is no argument.
    let file = folder.join("typed.sh");
    std::fs::write(&file, script).unwrap();
    Command::new("timeout")
        .args(["300", "bash"])
        .arg(file)
        .current_dir(folder)
        .env("HOME", folder)
        .env("no_proxy", "*")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_hundred_learners_do_the_core_course_at_once() {
    if !["curl", "nc", "ncat"]
        .iter()
        .all(|tool| has_tool("a_hundred_learners_do_the_core_course_at_once", tool))
    {
        return;
    }
    let course = Course::built_in().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data={}", folder.path().join("data").display());
    let progress = folder.path().join("progress.txt");
    let flags = [
        "--class".to_owned(),
        data,
        format!("--progress={}", progress.display()),
    ];
    let server = Program::serve(&flags);
    let port = server.address.port();
    let learners: Vec<(usize, Child)> = (0..LEARNERS)
        .map(|learner| {
            let script = script(&course, learner, port);
            (
                learner,
                learn(&script, &folder.path().join(learner.to_string())),
            )
        })
        .collect();
    let mut complaints = Vec::new();
    for (learner, child) in learners {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && output.status.code() != Some(1)
            || !told.trim().is_empty()
            || !errors.trim().is_empty()
        {
            complaints.push(format!(
                "{}: {:?}\n{told}{errors}",
                name(learner),
                output.status.code()
            ));
        }
    }
    support::none(&complaints);

    // What each of them did is theirs, and in the file.
    let core: usize = course
        .lessons()
        .iter()
        .map(|texts| texts.lesson())
        .filter(|lesson| lesson.is_core)
        .map(|lesson| lesson.steps.len())
        .sum();
    assert_eq!(core_lessons(&course), 17);
    assert!(server.stop().success());
    let text = std::fs::read_to_string(&progress).unwrap();
    let done = blankline::lessons::progress::read(&text);
    assert_eq!(done.len(), LEARNERS);
    for (name, done) in &done {
        assert!(done.len() >= core, "{name}: {} of {core}", done.len());
    }
}

fn core_lessons(course: &Course) -> usize {
    course
        .lessons()
        .iter()
        .filter(|texts| texts.lesson().is_core)
        .count()
}

/// A small class, which keeps its things in this folder.
fn class(folder: &Path, learners: usize) -> Program {
    Program::serve(&[
        "--class".to_owned(),
        format!("--learners={learners}"),
        format!("--data={}", folder.join("data").display()),
        format!("--progress={}", folder.join("progress.txt").display()),
    ])
}

fn ask(server: &Program, target: &str) -> String {
    let request = format!("GET {target} HTTP/1.0\r\n\r\n");
    String::from_utf8(converse(server.address, [request.as_bytes()], false).unwrap()).unwrap()
}

#[test]
fn a_learners_own_server_counts_for_that_learner() {
    let folder = tempfile::tempdir().unwrap();
    let server = class(folder.path(), 2);
    let ask = |target: &str| ask(&server, target);
    let port = answering(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n").port();
    // It is the learner's first request, so nothing has led to this lesson before.
    assert!(ask(&format!("/u/ann/l/t1/probe?port={port}")).contains("answered with"));
    assert!(ask("/u/ann/l/t1/check").contains("✓ hello"));
    assert!(ask("/u/bob/l/t1/check").contains("· hello"));
}

#[test]
fn whoever_comes_when_the_class_is_full_is_served_and_not_watched() {
    let folder = tempfile::tempdir().unwrap();
    let server = class(folder.path(), 1);
    let ask = |target: &str| ask(&server, target);
    assert!(ask("/u/first/raw").starts_with("HTTP/1.0 200 OK"));
    assert!(ask("/u/second/raw").starts_with("HTTP/1.0 200 OK"));
    assert!(ask("/u/first/l/00/check").contains("✓ by-hand"));
    assert!(ask("/u/second/l/00/check").contains("· by-hand"));
    // Nobody is anybody without a name.
    assert!(ask("/l/00/check").contains("· by-hand"));
    assert!(ask("/u/first/l/999/check").starts_with("HTTP/1.0 404"));
}
