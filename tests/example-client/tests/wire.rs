//! What the client puts on the wire, and what it makes of real HTTP/1.0 answers.

use blankline::testing::Server;
use example_client::{landing_page, length};

#[test]
fn it_follows_a_relative_location() {
    let site = Server::frozen(&[]).unwrap();
    assert_eq!(landing_page(&site.url("")).unwrap(), "/user/");

    let first = site.exchange();
    first
        .request
        .assert_part("method", "GET")
        .assert_part("request-target", "/redirect/")
        .assert_part("Host", site.address().to_string());
    first
        .response
        .assert_part("status-code", "302")
        .assert_part("Location", "/user/");
    let second = site.exchange();
    second.request.assert_part("request-target", "/user/");
}

#[test]
fn it_asks_for_a_head_and_gets_no_body() {
    let site = Server::frozen(&[]).unwrap();
    assert_eq!(length(&site.url(""), "hello.txt").unwrap().as_deref(), Some("12"));
    let exchange = site.exchange();
    exchange.request.assert_part("method", "HEAD");
    exchange.response.assert_no_part("body");
}
