//! A page of the site as HTML: everything said in both languages, and nothing let in unescaped.
//!
//! There are two ways in. [`Page::markup`] takes markup, and only text of the program itself, which
//! its `'static` says; [`Page::text`] takes bytes from anywhere, and what comes out of it is text,
//! whatever it was. So no byte of a request can become markup.
//!
//! Each page is well-formed, asks only this server for its stylesheet, and asks for no icon.

use super::mount::OwnPaths;
use crate::wire::Lang;

/// A page under way.
#[derive(Debug)]
pub struct Page {
    lang: Lang,
    own: OwnPaths,
    html: String,
}

impl Page {
    /// A page with this title, in English and Chinese, which is also its heading; `lang` comes first.
    #[must_use]
    pub fn new(lang: Lang, title: [&'static str; 2]) -> Self {
        let mut page = Self {
            lang,
            own: OwnPaths::default(),
            html: String::with_capacity(4096),
        };
        let first = said(title, lang);
        page.html.push_str("<!DOCTYPE html>\n<html lang=\"");
        page.html.push_str(tag(lang));
        page.html.push_str(
            "\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <link rel=\"stylesheet\" href=\"/static/site.css\">\n<title>",
        );
        page.text(first)
            .markup("</title>\n</head>\n<body>\n<main>\n")
            .say("h1", title)
    }

    /// Nothing yet, not even a title.
    fn bare() -> Self {
        Self {
            lang: Lang::En,
            own: OwnPaths::default(),
            html: String::new(),
        }
    }

    /// The same with the site's own paths as this client has to ask for them.
    #[must_use]
    pub fn mounted(mut self, own: &OwnPaths) -> Self {
        self.own.clone_from(own);
        self
    }

    /// A path of the site as text, as this client has to ask for it.
    #[must_use]
    pub fn path(self, path: &'static str) -> Self {
        let path = self.own.outside(path.as_bytes()).into_owned();
        self.text(path)
    }

    /// Markup, as it is.
    #[must_use]
    pub fn markup(mut self, markup: &'static str) -> Self {
        self.html.push_str(markup);
        self
    }

    /// Text from anywhere, which stays text: `& < > " '` become entities; what is not UTF-8, and
    /// control characters other than tab and line feed, become U+FFFD.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<[u8]>) -> Self {
        for character in String::from_utf8_lossy(text.as_ref()).chars() {
            match character {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                '\t' | '\n' => self.html.push(character),
                control if control.is_control() => self.html.push(char::REPLACEMENT_CHARACTER),
                other => self.html.push(other),
            }
        }
        self
    }

    /// The same in both languages, each in an `element` of its own.
    #[must_use]
    pub fn say(mut self, element: &'static str, text: [&'static str; 2]) -> Self {
        for lang in [self.lang, self.lang.other()] {
            self = self
                .markup("<")
                .markup(element)
                .markup(" lang=\"")
                .markup(tag(lang))
                .markup("\">")
                .text(said(text, lang))
                .markup("</")
                .markup(element)
                .markup(">\n");
        }
        self
    }

    /// A table's head and the start of its body, one column for each pair.
    #[must_use]
    pub fn table(mut self, columns: &[[&'static str; 2]]) -> Self {
        self = self.markup("<table>\n<thead><tr>\n");
        for column in columns {
            self = self.markup("<th>").say("span", *column).markup("</th>\n");
        }
        self.markup("</tr></thead>\n<tbody>\n")
    }

    /// The page, whole, with its way back to the list of pages.
    #[must_use]
    pub fn finish(self) -> String {
        let page = self.markup("</main>\n<footer><a href=\"/\">/</a></footer>\n</body>\n</html>\n");
        if page.own.is_plain() {
            return page.html;
        }
        // No text has a quotation mark in it, so what begins with this is the path of a link, a form or a picture.
        let own = page.own.in_markup();
        let mut pieces = page.html.split("=\"/");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |html, piece| {
            let (path, rest) = piece.split_once('"').unwrap_or((piece, ""));
            let path = format!("/{path}");
            let outside = own.outside(path.as_bytes());
            html + "=\"" + &String::from_utf8_lossy(&outside) + "\"" + rest
        })
    }
}

/// The short note that a redirect may carry, with its hyperlink (RFC 1945 9.3).
#[must_use]
pub fn note(location: &[u8]) -> String {
    Page::bare()
        .markup("<p>See <a href=\"")
        .text(location)
        .markup("\">")
        .text(location)
        .markup("</a>.</p>\n")
        .html
}

/// The text in this language.
const fn said(text: [&'static str; 2], lang: Lang) -> &'static str {
    let [en, zh] = text;
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// The language as HTML names it (BCP 47).
const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Zh => "zh-Hans",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_becomes_markup() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let empty = Page::new(Lang::En, ["a", "b"]);
        let before = empty.html.len();
        let page = empty.text(&all);
        let added = &page.html[before..];
        assert!(!added.contains(['<', '>', '"', '\'', '\0', '\x1b', '\r']));
        assert!(added.contains("%&amp;&#39;("));
        assert_eq!(added.matches('&').count(), 5);
    }

    #[test]
    fn what_is_not_utf_8_is_shown_as_such() {
        let page = Page::new(Lang::En, ["a", "b"]).text(b"\xe7\x94\xb7 \xe7\x94");
        assert!(page.html.ends_with("男 \u{FFFD}"));
    }

    #[test]
    fn the_language_of_the_settings_comes_first() {
        let en = Page::new(Lang::En, ["hello", "你好"]).finish();
        assert!(en.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"));
        assert!(en.contains("<h1 lang=\"en\">hello</h1>\n<h1 lang=\"zh-Hans\">你好</h1>"));
        let zh = Page::new(Lang::Zh, ["hello", "你好"]).finish();
        assert!(zh.contains("<title>你好</title>"));
        assert!(zh.contains("<h1 lang=\"zh-Hans\">你好</h1>\n<h1 lang=\"en\">hello</h1>"));
    }
}
