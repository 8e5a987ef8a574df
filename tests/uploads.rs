//! Uploads through the real program: what comes back, what is left behind, and what it costs the others.

#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use blankline::wire::dissect_response;
use socket2::SockRef;
use support::{Chance, PATIENCE, Program, connect, converse, has_tool, now, on_threads};
use tempfile::TempDir;

/// A program with a folder of its own for its data.
fn server(flags: &[&str]) -> (Program, TempDir) {
    let folder = TempDir::new().unwrap();
    (Program::serve(&flags_for(&folder, flags)), folder)
}

fn flags_for(folder: &TempDir, flags: &[&str]) -> Vec<String> {
    let data = format!("--data={}", folder.path().display());
    let mut all = vec![data, "--password-iterations=1".to_owned()];
    all.extend(flags.iter().map(|flag| (*flag).to_owned()));
    all
}

/// What is in the upload folder, the hidden ones too.
fn stored(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("uploads")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Waits until nothing is under way in the upload folder; what is removed is removed by another thread.
fn settled(folder: &TempDir, server: &Program) -> Vec<String> {
    let deadline = now() + PATIENCE;
    loop {
        let names = stored(folder);
        let is_settled = !names.iter().any(|name| name.starts_with('.'));
        if is_settled || now() > deadline {
            return names;
        }
        // An exchange with the server takes its time, and nobody sleeps.
        converse(server.address, [&b"GET /raw HTTP/1.0\r\n\r\n"[..]], false).unwrap();
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut chance = Chance::new(7);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&chance.bits().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A whole request that uploads this.
fn upload(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"headimg\"; filename=\"{name}\"\r\n\
         Content-Type: image/png\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--XyZ--\r\n"].concat();
    let head = format!(
        "POST /upload/ HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=XyZ\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

fn status(answer: &[u8]) -> u16 {
    dissect_response(answer).status().unwrap().code()
}

/// Where the page says that the first file is kept.
fn link(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page);
    let (_, rest) = page.split_once("href=\"/uploads/").unwrap();
    format!("/uploads/{}", rest.split_once('"').unwrap().0)
}

fn fetch(server: &Program, target: &str) -> Vec<u8> {
    let request = format!("GET {target} HTTP/1.0\r\n\r\n");
    let answer = converse(server.address, [request.as_bytes()], false).unwrap();
    assert_eq!(status(&answer), 200, "{target}");
    let head = dissect_response(&answer)
        .anatomy()
        .labels()
        .find(|label| label.part.name() == "body");
    answer[head.map_or(answer.len(), |body| body.span.start)..].to_vec()
}

#[test]
fn a_picture_of_3_mb_comes_back_the_same() {
    let (server, folder) = server(&[]);
    // One that stays in memory, and one that goes to the disk.
    for length in [1_000_000, 3_000_000] {
        let picture = noise(length);
        let page = converse(server.address, [&upload("a.png", &picture)[..]], false).unwrap();
        assert_eq!(status(&page), 200);
        assert!(
            fetch(&server, &link(&page)) == picture,
            "{length} bytes differ"
        );
    }
    let names = stored(&folder);
    assert_eq!(names.len(), 2);
    assert!(
        names
            .iter()
            .all(|name| name.starts_with('a') && name.ends_with(".png"))
    );
}

#[test]
fn curl_sends_a_picture_and_gets_it_back() {
    if !has_tool("curl_sends_a_picture_and_gets_it_back", "curl") {
        return;
    }
    let (server, folder) = server(&[]);
    let picture = folder.path().join("头像.png");
    fs::write(&picture, noise(3_000_000)).unwrap();
    let curl = |arguments: &[&str]| {
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "60"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    };
    let base = format!("http://{}", server.address);
    let file = format!("headimg=@{}", picture.display());
    // HTTP/1.0, and HTTP/1.1 with its wait for a 100 that never comes.
    for version in ["-0", "--http1.1"] {
        let target = format!("{base}/upload/");
        let page = curl(&[version, "-F", "username=admin", "-F", &file, &target]);
        let back = curl(&[&format!("{base}{}", link(&page))]);
        assert!(back == fs::read(&picture).unwrap());
    }
    let echo = curl(&[
        "-F",
        "username=admin",
        "-F",
        &file,
        &format!("{base}/echo/"),
    ]);
    assert_eq!(
        String::from_utf8_lossy(&echo)
            .matches("form-too-large")
            .count(),
        1
    );
    let small = folder.path().join("small.png");
    fs::write(&small, "png").unwrap();
    let file = format!("headimg=@{}", small.display());
    let echo = curl(&[
        "-F",
        "username=admin",
        "-F",
        &file,
        &format!("{base}/echo/?a=1"),
    ]);
    let echo = String::from_utf8(echo).unwrap();
    for line in [
        "a = 1\n",
        "username = admin\n",
        "headimg = \"small.png\", 3 bytes, image/png\n",
    ] {
        assert!(echo.contains(line), "{echo}");
    }
    let form = curl(&[
        "-i",
        "-d",
        "username=admin&password=admin",
        &format!("{base}/user/register/"),
    ]);
    assert_eq!(status(&form), 302);
    let again = curl(&[
        "-i",
        "-d",
        "username=admin&password=admin",
        &format!("{base}/user/register/"),
    ]);
    assert_eq!(status(&again), 200);
    assert!(String::from_utf8_lossy(&again).contains("UNIQUE constraint failed"));
}

#[test]
fn an_upload_of_every_shape_of_pieces_is_the_same() {
    let (server, _folder) = server(&["--form-bytes=1000"]);
    let content = [noise(300_000), b"\r\n--XyZ-\r\n--Xy\r\n".to_vec()].concat();
    let request = upload("a.bin", &content);
    for seed in 0..4 {
        // Pieces from one byte to some thousands, around every boundary.
        let (front, rest) = request.split_at(400);
        let (middle, back) = rest.split_at(rest.len() - 100);
        let pieces = Chance::new(seed).pieces(middle);
        let mut stream = connect(server.address).unwrap();
        for piece in front.chunks(1).chain(pieces).chain(back.chunks(1)) {
            stream.write_all(piece).unwrap();
        }
        let mut page = Vec::new();
        stream.read_to_end(&mut page).unwrap();
        assert_eq!(status(&page), 200);
        assert!(fetch(&server, &link(&page)) == content);
    }
}

/// Sends the first bytes of an upload of 20 MB, and gives the connection back.
fn begin(server: &Program, bytes: usize) -> TcpStream {
    let request = upload("half.bin", &noise(20_000_000));
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request[..bytes]).unwrap();
    stream
}

/// Waits until the upload folder has a file that is under way.
fn until_under_way(folder: &TempDir, server: &Program) {
    let deadline = now() + PATIENCE;
    while now() < deadline {
        if stored(folder).iter().any(|name| name.starts_with('.')) {
            return;
        }
        converse(server.address, [&b"GET /raw HTTP/1.0\r\n\r\n"[..]], false).unwrap();
    }
    panic!("nothing is under way");
}

#[test]
fn an_upload_that_is_given_up_leaves_nothing() {
    let (server, folder) = server(&["--body-time=0.5"]);
    // A reset.
    let stream = begin(&server, 10_000_000);
    until_under_way(&folder, &server);
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
    assert!(settled(&folder, &server).is_empty(), "after a reset");
    // A close before the end.
    let mut stream = begin(&server, 10_000_000);
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(status(&answer), 400);
    assert!(settled(&folder, &server).is_empty(), "after a close");
    // A silence that is longer than the idle time.
    let mut stream = begin(&server, 10_000_000);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(status(&answer), 408);
    assert!(settled(&folder, &server).is_empty(), "after a silence");
    // A body without its last boundary.
    let mut request = upload("half.bin", &noise(5_000_000));
    let length = request.len();
    request[length - 4] = b'?';
    let answer = converse(server.address, [&request[..]], false).unwrap();
    assert_eq!(status(&answer), 400);
    assert!(settled(&folder, &server).is_empty(), "without its boundary");
    // What was stored before stays, and the next request works.
    let page = converse(server.address, [&upload("a.png", b"png")[..]], false).unwrap();
    assert_eq!(status(&page), 200);
    drop(begin(&server, 10_000_000));
    assert_eq!(settled(&folder, &server).len(), 1);
}

#[test]
fn what_a_killed_server_leaves_goes_at_the_next_start() {
    let (server, folder) = server(&[]);
    let page = converse(server.address, [&upload("a.png", b"png")[..]], false).unwrap();
    let target = link(&page);
    let _half = begin(&server, 10_000_000);
    until_under_way(&folder, &server);
    server.kill();
    assert_eq!(stored(&folder).len(), 2);
    let again = Program::serve(&flags_for(&folder, &[]));
    assert_eq!(stored(&folder).len(), 1);
    assert_eq!(fetch(&again, &target), b"png");
}

#[test]
fn a_full_disk_keeps_nothing() {
    let folder = TempDir::new().unwrap();
    let server = Program::serve_with_files_up_to(4_000, &flags_for(&folder, &[]));
    let answer = converse(
        server.address,
        [&upload("a.bin", &noise(6_000_000))[..]],
        false,
    );
    let answer = answer.unwrap();
    assert_eq!(status(&answer), 503);
    assert!(String::from_utf8_lossy(&answer).contains("storage-full"));
    assert!(settled(&folder, &server).is_empty());
    let page = converse(
        server.address,
        [&upload("a.bin", &noise(3_000_000))[..]],
        false,
    )
    .unwrap();
    assert_eq!(status(&page), 200);
}

#[test]
fn a_folder_that_is_gone() {
    let (server, folder) = server(&[]);
    fs::remove_dir(folder.path().join("uploads")).unwrap();
    for length in [10, 3_000_000] {
        let answer = converse(
            server.address,
            [&upload("a.bin", &noise(length))[..]],
            false,
        )
        .unwrap();
        assert_eq!(status(&answer), 503);
        assert!(String::from_utf8_lossy(&answer).contains("storage-failed"));
    }
    fs::create_dir(folder.path().join("uploads")).unwrap();
    let page = converse(server.address, [&upload("a.bin", b"x")[..]], false).unwrap();
    assert_eq!(status(&page), 200);
}

#[test]
fn a_quota_that_is_reached_refuses_before_the_body() {
    let (server, folder) = server(&["--upload-quota=5000000"]);
    let large = upload("a.bin", &noise(3_000_000));
    let page = converse(server.address, [&large[..]], false).unwrap();
    assert_eq!(status(&page), 200);
    // The second one sees its answer although it sends all of its body.
    let refused = converse(server.address, [&large[..]], false).unwrap();
    assert_eq!(status(&refused), 503);
    assert!(String::from_utf8_lossy(&refused).contains("upload-quota"));
    assert_eq!(stored(&folder).len(), 1);
    // Removing a file by hand gives its room back at the next start.
    drop(server);
    fs::remove_file(folder.path().join("uploads").join(&stored(&folder)[0])).unwrap();
    let again = Program::serve(&flags_for(&folder, &["--upload-quota=5000000"]));
    assert_eq!(
        status(&converse(again.address, [&large[..]], false).unwrap()),
        200
    );
}

#[test]
fn a_hundred_at_once_take_little_memory_and_hold_nobody_up() {
    let (server, folder) = server(&[]);
    let content = noise(3_000_000);
    let request = upload("many.bin", &content);
    // The first one makes what is made once.
    converse(server.address, [&request[..]], false).unwrap();
    let before = server.resident();
    let clients: Vec<usize> = (0..100).collect();
    let pages = std::sync::Mutex::new(Vec::new());
    let failed = on_threads(&clients, |_| {
        let page = converse(server.address, [&request[..]], false).unwrap();
        pages.lock().unwrap().push(page);
        Vec::new()
    });
    assert!(failed.is_empty());
    // All at the same time: each sends a byte, then each the rest.
    let mut streams: Vec<_> = (0..100).map(|_| connect(server.address).unwrap()).collect();
    for stream in &mut streams {
        stream.write_all(&request[..2_000_000]).unwrap();
    }
    let raw = converse(server.address, [&b"GET /raw HTTP/1.0\r\n\r\n"[..]], false).unwrap();
    assert_eq!(status(&raw), 200);
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more");
    std::thread::scope(|scope| {
        for mut stream in streams {
            let (request, pages) = (&request, &pages);
            scope.spawn(move || {
                stream.write_all(&request[2_000_000..]).unwrap();
                let mut page = Vec::new();
                stream.read_to_end(&mut page).unwrap();
                pages.lock().unwrap().push(page);
            });
        }
    });
    let pages = pages.into_inner().unwrap();
    assert_eq!(pages.len(), 200);
    assert!(pages.iter().all(|page| status(page) == 200));
    // Equal names, many of them in the same millisecond: none is lost.
    assert_eq!(settled(&folder, &server).len(), 201);
    assert!(fetch(&server, &link(&pages[150])) == content);
}

#[test]
fn two_registrations_of_one_name_at_once() {
    let (server, _folder) = server(&[]);
    let form = "username=admin&password=x";
    let request = format!(
        "POST /user/register/ HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let clients: Vec<usize> = (0..50).collect();
    let statuses = std::sync::Mutex::new(Vec::new());
    on_threads(&clients, |_| {
        let answer = converse(server.address, [request.as_bytes()], false).unwrap();
        statuses.lock().unwrap().push(status(&answer));
        Vec::new()
    });
    let statuses = statuses.into_inner().unwrap();
    assert_eq!(statuses.iter().filter(|status| **status == 302).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 49);
}

/// `nc` and the seven ways of calling it are in `tests/netcat.rs`; this is somebody who types.
#[test]
fn a_register_form_typed_into_nc() {
    if !has_tool("a_register_form_typed_into_nc", "nc.traditional") {
        return;
    }
    let (server, _folder) = server(&[]);
    let mut nc = Command::new("timeout")
        .args(["60", "nc.traditional", "-q", "1"])
        .args([
            server.address.ip().to_string(),
            server.address.port().to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = nc.stdin.take().unwrap();
    for line in [
        "POST /user/register/ HTTP/1.0\n",
        "Content-Type: application/x-www-form-urlencoded\n",
        "Content-Length: 25\n",
        "\n",
        "username=typed&password=x",
    ] {
        typed.write_all(line.as_bytes()).unwrap();
        typed.flush().unwrap();
    }
    let mut answer = Vec::new();
    nc.stdout.take().unwrap().read_to_end(&mut answer).unwrap();
    drop(typed);
    nc.wait().unwrap();
    assert_eq!(status(&answer), 302);
}

#[test]
fn a_folder_that_cannot_be_made_is_one_sentence_and_exit_code_3() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let flag = format!("--data={}", Path::new(&file).join("data").display());
    let output = Command::new(env!("CARGO_BIN_EXE_blankline"))
        .args(["serve", "--port=0", &flag])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot use the folder"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_frozen_run_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let server = Program::serve(&flags_for(&folder, &["--frozen"]));
    let page = converse(server.address, [&upload("a.png", b"png")[..]], false).unwrap();
    assert_eq!(link(&page), "/uploads/a1509328929000.png");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(server.stop().success());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_limits_of_a_form_are_flags() {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data={}", folder.path().display());
    let flags = ["--form-fields=2", "--parts=1", "--part-head-bytes=60"].map(str::to_owned);
    let server = Program::serve(&[&[data], &flags[..]].concat());
    let ask = |content_type: &str, body: &str| {
        let request = format!(
            "POST /echo/ HTTP/1.0\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = support::converse(server.address, [request.as_bytes()], false).unwrap();
        String::from_utf8(answer).unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    assert!(ask(form, "a=1&b=2").starts_with("HTTP/1.0 200"));
    assert!(ask(form, "a=1&b=2&c=3").contains("400 too-many-form-fields"));
    let multipart = "multipart/form-data; boundary=X";
    let part = |name: &str| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nhi\r\n")
    };
    assert!(ask(multipart, &format!("{}--X--\r\n", part("a"))).starts_with("HTTP/1.0 200"));
    assert!(
        ask(multipart, &format!("{}{}--X--\r\n", part("a"), part("b")))
            .contains("400 too-many-parts")
    );
    let long = part("a-name-of-more-than-thirty-characters");
    assert!(ask(multipart, &format!("{long}--X--\r\n")).contains("400 part-head-too-large"));
}
