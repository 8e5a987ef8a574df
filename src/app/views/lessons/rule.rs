//! When a client sends a cookie back: RFC 6265 5.1.3 and 5.1.4, and what a plain prefix would make of it.

/// Whether a cookie with this Path is sent with a request for this path (5.1.4).
pub(super) fn path_matches(path: &[u8], cookie_path: &[u8]) -> bool {
    match path.strip_prefix(cookie_path) {
        None => false,
        Some([] | [b'/', ..]) => true,
        Some(_) => cookie_path.ends_with(b"/"),
    }
}

/// Whether a cookie with this Domain is sent to this host (5.1.3); a leading dot means nothing.
pub(super) fn domain_matches(host: &[u8], domain: &[u8]) -> bool {
    let domain = domain.strip_prefix(b".").unwrap_or(domain);
    let Some((before, end)) = host
        .len()
        .checked_sub(domain.len())
        .and_then(|at| host.split_at_checked(at))
    else {
        return false;
    };
    end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_covers_itself_and_what_is_below_it() {
        for (path, cookie, is_sent) in [
            ("/user", "/", true),
            ("/user", "/user", true),
            ("/user/", "/user", true),
            ("/user/x", "/user", true),
            ("/username", "/user", false),
            ("/user", "/user/", false),
            ("/user/x", "/user/", true),
            ("/", "/user", false),
        ] {
            let matches = path_matches(path.as_bytes(), cookie.as_bytes());
            assert_eq!(matches, is_sent, "{cookie} for {path}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below_it() {
        for (host, domain, is_sent) in [
            ("shop.test", "shop.test", true),
            ("www.SHOP.test", ".shop.test", true),
            ("eshop.test", "shop.test", false),
            ("shop.test", "www.shop.test", false),
        ] {
            let matches = domain_matches(host.as_bytes(), domain.as_bytes());
            assert_eq!(matches, is_sent, "{domain} for {host}");
        }
    }
}
