//! Lesson 32: a price in a cookie, which the client may change, and one with a signature, which it cannot.

use super::cookies::{came, made, sent, setting};
use super::text::Text;
use crate::app::middleware::failed;
use crate::app::{Reply, TEXT, Visit};
use crate::sessions::{SessionError, Signer};
use crate::wire::{Escaped, Status, cookie};

/// `/l/32`: the price, for who has none.
pub(in crate::app) fn price(visit: &Visit<'_>) -> Reply {
    let sent = sent(visit);
    let text = Text::new(visit).lines(came(&sent));
    if cookie(&sent, b"price").is_some() {
        return text.reply();
    }
    let text = text.say([
        "The price is 100, and the cookie says so: buy at /l/32/buy.",
        "价格是 100，写在 cookie 里：到 /l/32/buy 购买。",
    ]);
    setting(text.reply(), made(b"price", b"100", PATH))
}

/// `/l/32/signed`: the same with a signature.
pub(in crate::app) fn signed(visit: &Visit<'_>) -> Reply {
    match signer(visit) {
        Err(error) => failed(visit, &error),
        Ok(signer) => {
            let signed = signer.sign("100");
            let text = Text::new(visit).line("price", &signed).say([
                "The value can be read by all; what stands behind the colon only this server can write.",
                "价格谁都能读；冒号后面的签名只有这个服务器写得出来。",
            ]);
            setting(text.reply(), made(b"price", signed.as_bytes(), PATH))
        }
    }
}

/// `/l/32/buy`: charges what the cookie says; with `signed=1` only if it is ours.
pub(in crate::app) fn buy(visit: &Visit<'_>) -> Reply {
    let sent = sent(visit);
    let price = cookie(&sent, b"price").unwrap_or_default();
    if visit.parameter("signed").as_deref() != Some("1") {
        return Text::new(visit)
            .line("charged", Escaped(price))
            .say([
                "The cookie was believed. Whoever sends price=1 pays 1.",
                "服务器相信了 cookie。谁发来 price=1，就只付 1。",
            ])
            .reply();
    }
    let signer = match signer(visit) {
        Err(error) => return failed(visit, &error),
        Ok(signer) => signer,
    };
    let price = String::from_utf8_lossy(price);
    match signer.unsign(&price) {
        Ok(price) => Text::new(visit)
            .line("charged", Escaped(price.as_bytes()))
            .line("signature", "ours")
            .reply(),
        Err(_) => {
            let text = Text::new(visit)
                .line("price", Escaped(price.as_bytes()))
                .line("signature", "not ours")
                .say([
                    "The value was changed, or never signed: nothing is charged. /l/32/signed gives one that holds.",
                    "这个值被改过，或者从来没有签名：不扣款。到 /l/32/signed 可以取一个有效的。",
                ]);
            Reply::new(Status::FORBIDDEN).with_body(TEXT, text.into_string())
        }
    }
}

fn signer(visit: &Visit<'_>) -> Result<Signer, SessionError> {
    let secret = visit.stores.sessions.secret()?;
    Ok(Signer::for_cookie(&secret, "price", ""))
}

const PATH: &[u8] = b"/l/32";
