//! The sample CRM behind `sudare demo`: the customer management of an invented tea shop, 見本堂茶舗.
//!
//! People learn the product on it, so it behaves like the software that the gateway is for: HTML tables and forms, a
//! record repeated in the title, in links, in a comment and in a script, a CSV export with line breaks inside its
//! cells, a JSON API beside the pages, and an error page that spills the database. It knows no staff and guards
//! nothing; whoever reaches it sees everything, which is the point of putting a gateway in front.
//!
//! `Sample::answer` is a plain function of a request. Sockets are the affair of `http`, who may see what that of
//! `rules/demo.yaml`.

mod api;
mod escape;
mod export;
mod form;
pub mod http;
mod pages;
mod people;
mod stock;
mod store;

use form::Form;
use store::Store;

/// The shop's records and its pages.
pub struct Sample {
    store: Store,
}

/// What the CRM answers.
pub struct SampleAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Name and value, in the order in which they are sent; `Content-Length` is left to the server.
    pub headers: Vec<(String, String)>,
    /// The body, empty where there is none.
    pub body: Vec<u8>,
}

impl Sample {
    /// A shop with all its invented customers, the same at each start.
    pub fn new() -> Sample {
        Sample { store: Store::new(people::everybody()) }
    }

    /// Answers one request; `target` is the path with its query.
    pub fn answer(&self, method: &str, target: &str, headers: &[(String, String)], body: &[u8]) -> SampleAnswer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match method {
            "GET" | "HEAD" => self.read(&segments, &Form::parse(query.as_bytes())),
            "POST" | "PUT" => self.write(method, &segments, content_type(headers), body),
            _ => pages::refusal(405),
        }
    }

    fn read(&self, segments: &[&str], query: &Form) -> SampleAnswer {
        match segments {
            [""] => pages::menu::page(self.store.count()),
            ["customers"] => pages::list::page(&self.store.find(query), query),
            ["customers", "0"] => {
                self.store.customer(people::GUIDE).map_or_else(|| pages::refusal(404), |c| pages::crash(&c))
            }
            ["customers", id] => self.with(id, |customer| pages::record::page(&customer)),
            ["customers", id, "edit"] => self.with(id, |customer| pages::edit::page(&customer, None)),
            ["export.csv"] => export::csv(&self.store.everybody()),
            ["api", "customers"] => api::list(&self.store.find(query)),
            ["api", "customers", id] => {
                self.store.by_text(id).map_or_else(api::missing, |customer| api::record(&customer))
            }
            ["style.css"] => SampleAnswer::new(200, "text/css; charset=UTF-8", include_str!("style.css")),
            ["app.js"] => SampleAnswer::new(200, "text/javascript; charset=UTF-8", include_str!("app.js")),
            ["img", "logo.png"] => SampleAnswer::new(200, "image/png", *include_bytes!("logo.png")),
            _ => pages::refusal(404),
        }
    }

    fn write(&self, method: &str, segments: &[&str], content_type: &str, body: &[u8]) -> SampleAnswer {
        match (method, segments) {
            ("POST", ["customers", id, "edit"]) if content_type == "application/x-www-form-urlencoded" => {
                self.with(id, |customer| self.edit(customer.id, &Form::parse(body)))
            }
            ("PUT", ["api", "customers", id]) => match (self.store.by_text(id), api::changes(body)) {
                (None, _) => api::missing(),
                (Some(_), None) => api::unreadable(),
                (Some(customer), Some(changes)) => match self.store.change(customer.id, &changes) {
                    Ok(changed) => api::record(&changed),
                    Err(refused) => api::refused(refused.0),
                },
            },
            ("POST", ["customers", _, "edit"]) => pages::refusal(415),
            _ => pages::refusal(405),
        }
    }

    fn edit(&self, id: u32, form: &Form) -> SampleAnswer {
        match self.store.change(id, form.pairs()) {
            Ok(_) => SampleAnswer::redirect(&format!("/customers/{id}")),
            Err(refused) => self.with(&id.to_string(), |customer| pages::edit::page(&customer, Some(refused.0))),
        }
    }

    fn with(&self, id: &str, page: impl FnOnce(people::Customer) -> SampleAnswer) -> SampleAnswer {
        self.store.by_text(id).map_or_else(|| pages::refusal(404), page)
    }
}

impl Default for Sample {
    fn default() -> Self {
        Sample::new()
    }
}

impl SampleAnswer {
    fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> SampleAnswer {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        SampleAnswer { status, headers, body: body.into() }
    }

    fn redirect(location: &str) -> SampleAnswer {
        let headers = vec![("Location".to_owned(), location.to_owned())];
        SampleAnswer { status: 302, headers, body: Vec::new() }
    }

    fn with_header(mut self, name: &str, value: &str) -> SampleAnswer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The media type without its parameters.
fn content_type(headers: &[(String, String)]) -> &str {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("", |(_, value)| value.split(';').next().unwrap_or("").trim())
}

#[cfg(test)]
mod tests;
