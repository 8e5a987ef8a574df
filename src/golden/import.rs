//! Other people's request files, made raw: editors' `.http` files, and text with its CRs spelled out.
//!
//! Both are lossy the other way, so nothing here writes them. An editor's file cannot say how a line ends or
//! hold a byte that is no text: its requests get CR LF in the head, `Host` and `Content-Length` where they
//! have none (as those editors do), and HTTP/1.0 unless they say otherwise.

/// One request out of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// A name fit for a folder.
    pub name: String,
    /// Its bytes.
    pub request: Vec<u8>,
}

/// Reads an editor's file: requests between lines that start with `###`, named by `# @name NAME` or by the
/// text after `###`; `@name = value` defines what `{{name}}` stands for. Lines that start with `#` or `//`
/// before the request line are comments. A target that is a whole URI becomes a path and a `Host`.
///
/// # Errors
///
/// The number of the line, from 1 on, and a sentence: a variable that nobody defined, a script or a file
/// that would have to be run or read.
///
/// ```
/// use blankline::golden::import_editor;
/// let file = "@host = localhost:8000\n### first\nGET http://{{host}}/user/\nAccept: */*\n";
/// let imported = &import_editor(file).unwrap()[0];
/// assert_eq!(imported.name, "first");
/// assert_eq!(imported.request, b"GET /user/ HTTP/1.0\r\nHost: localhost:8000\r\nAccept: */*\r\n\r\n");
/// ```
pub fn import_editor(text: &str) -> Result<Vec<Imported>, (usize, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut imported = Vec::new();
    let mut draft = Draft::default();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(title) = line.strip_prefix("###") {
            imported.extend(std::mem::take(&mut draft).finish(imported.len()));
            draft.name = title.trim().to_owned();
            continue;
        }
        if draft.is_before_request() {
            let trimmed = line.trim();
            if let Some((name, value)) = definition(trimmed) {
                let value = filled(value, &variables).map_err(|sentence| (number, sentence))?;
                variables.push((name.to_owned(), value));
                continue;
            }
            if let Some(comment) = trimmed
                .strip_prefix("//")
                .or_else(|| trimmed.strip_prefix('#'))
            {
                if let Some(name) = comment.trim().strip_prefix("@name") {
                    draft.name = name.trim_start_matches('=').trim().to_owned();
                }
                continue;
            }
            if trimmed.is_empty() {
                continue;
            }
        }
        if ["< ", "> ", "<@", "> {%", "< {%"]
            .iter()
            .any(|start| line.starts_with(start))
        {
            return Err((number, "it names a file or a script, which is not read or run here: put the bytes into a request.http".to_owned()));
        }
        let line = filled(line, &variables).map_err(|sentence| (number, sentence))?;
        draft.lines.push(line);
    }
    imported.extend(draft.finish(imported.len()));
    if imported.is_empty() {
        return Err((1, "there is no request in it".to_owned()));
    }
    Ok(imported)
}

/// Reads text in which `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` are spelled out. Real line ends are left
/// out, so that a message may be written a line at a time.
///
/// # Errors
///
/// The number of the line, from 1 on, and a sentence: an escape that means nothing.
///
/// ```
/// use blankline::golden::import_visible;
/// let bytes = import_visible("GET / HTTP/1.0\\r\\n\nX: \\xff\\n\n\\r\\n\n").unwrap();
/// assert_eq!(bytes, b"GET / HTTP/1.0\r\nX: \xff\n\r\n");
/// assert!(import_visible("\\q").is_err());
/// ```
pub fn import_visible(text: &str) -> Result<Vec<u8>, (usize, String)> {
    let mut bytes = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('\\') {
            bytes.extend_from_slice(before.as_bytes());
            let (octet, length) = escape(after).ok_or_else(|| {
                (
                    number,
                    "a backslash is followed by r, n, t, 0, \\ or xHH; a backslash itself is \\\\"
                        .to_owned(),
                )
            })?;
            bytes.push(octet);
            rest = after.get(length..).unwrap_or_default();
        }
        bytes.extend_from_slice(rest.as_bytes());
    }
    Ok(bytes)
}

/// What stands after a backslash: its byte, and how long it is.
fn escape(after: &str) -> Option<(u8, usize)> {
    Some(match after.chars().next()? {
        'r' => (b'\r', 1),
        'n' => (b'\n', 1),
        't' => (b'\t', 1),
        '0' => (0, 1),
        '\\' => (b'\\', 1),
        'x' => {
            let digits = after.get(1..3)?;
            let is_hex = digits.bytes().all(|octet| octet.is_ascii_hexdigit());
            (u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?, 3)
        }
        _ => return None,
    })
}

/// The lines of a request that is being read.
#[derive(Default)]
struct Draft {
    name: String,
    lines: Vec<String>,
}

impl Draft {
    const fn is_before_request(&self) -> bool {
        self.lines.is_empty()
    }

    /// The request, unless there is none; `before` requests were read before it.
    fn finish(self, before: usize) -> Option<Imported> {
        let (first, rest) = self.lines.split_first()?;
        let mut words = first.split_whitespace();
        let word = words.next()?;
        let is_method = !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_uppercase());
        let (method, target) = if is_method {
            (word, words.next().unwrap_or("/"))
        } else {
            ("GET", word)
        };
        let version = words.next().unwrap_or("HTTP/1.0");
        let (host, target) = host_and_target(target);

        let blank = rest
            .iter()
            .position(|line| line.trim().is_empty())
            .unwrap_or(rest.len());
        let (fields, body) = rest.split_at(blank);
        // Empty lines before the next `###` are the editor's, not the body's.
        let body = body.join("\n");
        let body = body.trim_matches('\n');
        let has = |name: &str| {
            let named = |line: &String| {
                line.split_once(':')
                    .is_some_and(|(own, _)| own.trim().eq_ignore_ascii_case(name))
            };
            fields.iter().any(named)
        };
        let mut request = format!("{method} {target} {version}\r\n");
        if let Some(host) = host.filter(|_| !has("Host")) {
            request.push_str(&format!("Host: {host}\r\n"));
        }
        for field in fields {
            request.push_str(field.trim());
            request.push_str("\r\n");
        }
        if !body.is_empty() && !has("Content-Length") {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        Some(Imported {
            name: folder_name(&self.name, before + 1),
            request: request.into_bytes(),
        })
    }
}

/// `http://host/path` as a host and a path; anything else is a target already.
fn host_and_target(target: &str) -> (Option<&str>, &str) {
    let Some(rest) = target
        .strip_prefix("http://")
        .or_else(|| target.strip_prefix("https://"))
    else {
        return (None, target);
    };
    match rest.find('/') {
        Some(at) => {
            let (host, path) = rest.split_at(at);
            (Some(host), path)
        }
        None => (Some(rest), "/"),
    }
}

/// `@name = value`.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('@')?.split_once('=')?;
    Some((name.trim(), value.trim()))
}

/// `text` with each `{{name}}` replaced.
fn filled(text: &str, variables: &[(String, String)]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        let name = name.trim();
        let found = variables.iter().rev().find(|(own, _)| own == name);
        let (_, value) = found
            .ok_or_else(|| format!("nothing defines `{name}`: write `@{name} = ...` before it"))?;
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Letters, digits and dashes of a name; a number where nothing is left.
fn folder_name(name: &str, number: usize) -> String {
    let words: Vec<String> = name
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        format!("request-{number}")
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editors_file_is_several_requests() {
        let file = "\
@base = http://localhost:8000
// a comment
GET {{base}}/user/

### Log in
# @name login
POST {{base}}/user/login/ HTTP/1.1
Host: other
Content-Type: application/x-www-form-urlencoded

a=1&b=2

###

localhost
";
        let imported = import_editor(file).unwrap();
        let names: Vec<_> = imported
            .iter()
            .map(|imported| imported.name.as_str())
            .collect();
        assert_eq!(names, ["request-1", "login", "request-3"]);
        assert_eq!(
            imported[0].request,
            b"GET /user/ HTTP/1.0\r\nHost: localhost:8000\r\n\r\n"
        );
        assert_eq!(
            imported[1].request,
            b"POST /user/login/ HTTP/1.1\r\nHost: other\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=2"
        );
        assert_eq!(imported[2].request, b"GET localhost HTTP/1.0\r\n\r\n");
    }

    #[test]
    fn what_cannot_be_imported_is_said_with_its_line() {
        assert_eq!(import_editor("### x\nGET {{nowhere}}/\n").unwrap_err().0, 2);
        assert_eq!(import_editor("POST /\n\n< ./file.json\n").unwrap_err().0, 3);
        assert!(import_editor("# nothing\n").is_err());
        assert_eq!(import_visible("fine\n\\x4\n").unwrap_err().0, 2);
    }
}
