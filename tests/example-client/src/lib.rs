//! A small client, written with ureq, for its tests to be looked at.

use ureq::Agent;

/// Follows the site's redirect and says where it led.
///
/// # Errors
///
/// What ureq says.
pub fn landing_page(site: &str) -> Result<String, ureq::Error> {
    let agent: Agent = Agent::config_builder().max_redirects(3).build().into();
    let answer = agent.get(format!("{site}/redirect/")).call()?;
    Ok(ureq::ResponseExt::get_uri(&answer).path().to_owned())
}

/// The length of a file of the site, without fetching it.
///
/// # Errors
///
/// What ureq says.
pub fn length(site: &str, file: &str) -> Result<Option<String>, ureq::Error> {
    let answer = ureq::head(format!("{site}/static/{file}")).call()?;
    let length = answer.headers().get("Content-Length");
    Ok(length.and_then(|length| length.to_str().ok()).map(str::to_owned))
}
