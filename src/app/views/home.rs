//! `/`: what there is, made from the URL table itself.

use crate::app::page::Page;
use crate::app::urls::{ROUTES, Route};
use crate::app::{Reply, Visit};

/// The list of pages, each with the commands that show it.
pub(in crate::app) fn home(visit: &Visit<'_>) -> Reply {
    let address = Address::of(visit);
    let mut page = visit
        .page([
            "blankline: every byte of HTTP/1.0",
            "blankline：看见 HTTP/1.0 的每一个字节",
        ])
        .say(
            "p",
            [
                "A head, a blank line, a body: that is all there is to a message. Each page below can be \
                 asked for with a browser, with curl, or by hand with nc.",
                "首部、空行、主体：一条消息就是这些。下面的每个页面都可以用浏览器、curl 或者 nc 手工请求。",
            ],
        );
    page = page
        .markup("<p><a href=\"/l/00/\"><code>/l/00</code></a> ")
        .say(
            "span",
            [
                "and so on: each lesson has a place of its own to send requests to.",
                "等等：每一课都有自己的地址，供你发请求。",
            ],
        )
        .markup("</p>\n");
    for route in ROUTES {
        let target = visit.mount.own().outside(route.example.as_bytes());
        page = entry(page, route, &address, &String::from_utf8_lossy(&target));
    }
    Reply::html(page.finish())
}

/// The host and port under which the client knows us, for its commands.
struct Address<'a> {
    authority: &'a str,
    host: &'a str,
    port: &'a str,
}

impl<'a> Address<'a> {
    /// From the Host field, if that is nothing but a host: what it says ends up in a shell.
    fn of(visit: &'a Visit<'_>) -> Self {
        let head = visit.head();
        let mut fields = head.fields_named(b"Host");
        let named = fields.next().and_then(|field| {
            let start = field.value_at.start;
            let value = field.value_at.of(head.bytes());
            (start > 0 && is_authority(value)).then_some(value)
        });
        let authority = named.and_then(|value| str::from_utf8(value).ok());
        let authority = authority.unwrap_or(&visit.settings.host);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, "80"),
        };
        Self {
            authority,
            host: host.trim_matches(['[', ']']),
            port,
        }
    }
}

fn is_authority(text: &[u8]) -> bool {
    let is_plain = |octet: &u8| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b':' | b'[' | b']')
    };
    text.first().is_some_and(|first| *first != b'-') && text.iter().all(is_plain)
}

fn entry(page: Page, route: &Route, address: &Address<'_>, target: &str) -> Page {
    let mut page = page.markup("<section>\n<h2><code>");
    page = if route.takes(b"GET") {
        page.markup("<a href=\"")
            .text(route.example)
            .markup("\">")
            .path(route.pattern)
            .markup("</a>")
    } else {
        page.text(route.pattern)
    };
    page = page
        .markup("</code> <small>")
        .text(route.allow)
        .markup("</small></h2>\n")
        .say("p", route.about)
        .markup("<pre><code>");
    if route.takes(b"GET") {
        page = commands(page, address, target, None);
    }
    if route.takes(b"POST") {
        page = commands(page, address, target, Some(FORM));
    }
    page.markup("</code></pre>\n</section>\n")
}

/// What a POST sends in the commands.
const FORM: &str = "username=admin&password=admin";

/// The same request by curl and by hand.
fn commands(page: Page, address: &Address<'_>, target: &str, form: Option<&'static str>) -> Page {
    let mut page = page.markup("curl -i ");
    if let Some(form) = form {
        page = page.markup("-d '").text(form).markup("' ");
    }
    page = page
        .markup("'http://")
        .text(address.authority)
        .text(target)
        .markup("'\nprintf '")
        .markup(if form.is_some() { "POST " } else { "GET " })
        // In printf's format a percent sign is written twice.
        .text(target.replace('%', "%%"))
        .markup(" HTTP/1.0\\r\\n");
    if let Some(form) = form {
        page = page
            .markup("Content-Type: application/x-www-form-urlencoded\\r\\nContent-Length: ")
            .text(form.len().to_string())
            .markup("\\r\\n\\r\\n")
            .text(form);
    } else {
        page = page.markup("\\r\\n");
    }
    page.markup("' | nc ")
        .text(address.host)
        .markup(" ")
        .text(address.port)
        .markup("\n")
}

#[cfg(test)]
mod tests {
    use crate::app::testing::{ask, get, settings, site_with};
    use crate::app::urls::ROUTES;

    fn with_host(host: &str) -> String {
        let request = format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n");
        ask(&site_with(settings(&[])), &request).body
    }

    #[test]
    fn every_row_of_the_table_is_there_with_its_commands() {
        let body = get("/").body;
        for route in ROUTES {
            let escape = |text: &str| text.replace('&', "&amp;").replace('\'', "&#39;");
            let example = escape(route.example);
            assert!(body.contains(&format!("<a href=\"{example}\">{}</a>", route.pattern)));
            assert!(
                route
                    .about
                    .iter()
                    .all(|about| body.contains(&escape(about)))
            );
            assert!(body.contains(&format!("curl -i 'http://127.0.0.1:8000{example}'\n")));
            assert!(body.contains(&format!(
                "printf 'GET {example} HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8000\n"
            )));
        }
        assert!(body.contains(
            "printf 'POST /user/register/ HTTP/1.0\\r\\n\
             Content-Type: application/x-www-form-urlencoded\\r\\n\
             Content-Length: 29\\r\\n\\r\\nusername=admin&amp;password=admin' | nc 127.0.0.1 8000\n"
        ));
    }

    #[test]
    fn the_commands_name_the_host_that_the_client_knows() {
        assert!(with_host("shop.test:8080").contains("| nc shop.test 8080\n"));
        assert!(with_host("shop.test").contains("| nc shop.test 80\n"));
        assert!(with_host("[::1]:8000").contains("| nc ::1 8000\n"));
        assert!(with_host("[::1]").contains("| nc ::1 80\n"));
    }

    #[test]
    fn a_host_that_is_more_than_a_host_is_not_repeated() {
        for host in ["a';reboot;'", "<b>", "-e", "$(x)", "a b", "", "男"] {
            let body = with_host(host);
            assert!(body.contains("| nc 127.0.0.1 8000\n"), "{host}");
        }
    }
}
